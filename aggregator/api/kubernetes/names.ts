import { createHash } from "node:crypto";

/** RFC 1123 as Kubernetes has it. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const LABEL_LENGTH = 63;
const SUBDOMAIN_LENGTH = 253;
/** Hexadecimal digits of a hash that tell two things of one name apart. */
const HASH_LENGTH = 10;
/** Of what has no letter and no digit that a name could have. */
const NAMELESS = "unnamed";

/** A name of letters in lower case, digits and `-`, at most 63 characters: of a namespace, a container. */
export function dnsLabel(text: string): string {
  return trimmed(plainLabel(text), LABEL_LENGTH) || NAMELESS;
}

/** The same with dots between such labels, at most 253 characters: of a pod, a node. */
export function dnsSubdomain(text: string): string {
  const labels = text
    .split(".")
    .map((label) => (/[a-z0-9]/i.test(label) ? trimmed(plainLabel(label), SUBDOMAIN_LENGTH) : ""))
    .filter((label) => label !== "");
  return trimmed(labels.join("."), SUBDOMAIN_LENGTH) || NAMELESS;
}

function plainLabel(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");
}

/** Cut to a length, and without what no name may begin or end with. */
function trimmed(text: string, length: number): string {
  return text
    .replace(/^[-.]+/, "")
    .slice(0, length)
    .replace(/[-.]+$/, "");
}

/** Something that wants a name of its own. */
export interface Wish {
  /** What names must be unique in: the namespace. */
  readonly scope: string;
  readonly name: string;
  /** Put behind the name if another thing has it too: the node. */
  readonly place?: string;
  /** Tells it apart from all others, and stays as long as it lives. */
  readonly identity: string;
  /** It keeps its name whatever the others have: somebody else gave it, and made it unique. */
  readonly isGiven?: boolean;
}

const SPELLINGS: readonly ((wish: Wish) => string)[] = [
  ({ name }) => dnsSubdomain(name),
  ({ name, place }) =>
    place === undefined
      ? dnsSubdomain(name)
      : dnsSubdomain(`${dnsSubdomain(name)}.${dnsSubdomain(place)}`),
  ({ name, identity }) => {
    const hash = createHash("sha256").update(identity).digest("hex").slice(0, HASH_LENGTH);
    const stem = trimmed(dnsSubdomain(name), SUBDOMAIN_LENGTH - HASH_LENGTH - 1);
    return `${stem}-${hash}`;
  },
];

/**
 * A name for each, in their order, unique in its scope: its own; where several would have that one,
 * each of them with its place; where that is not enough, with a hash of its identity. Does not depend on the
 * order.
 */
export function uniqueNames(wishes: readonly Wish[]): string[] {
  const levels = new Uint8Array(wishes.length);
  const names = wishes.map((wish) => spell(wish, 0));
  for (;;) {
    const sharing = shared(wishes, names).filter(
      (index) => wishes[index]?.isGiven !== true && (levels[index] ?? 0) < SPELLINGS.length - 1,
    );
    if (sharing.length === 0) return names;
    for (const index of sharing) {
      const level = (levels[index] ?? 0) + 1;
      levels[index] = level;
      const wish = wishes[index];
      if (wish !== undefined) names[index] = spell(wish, level);
    }
  }
}

function spell(wish: Wish, level: number): string {
  return SPELLINGS[level]?.(wish) ?? NAMELESS;
}

/** The positions of those whose name another one has too. */
function shared(wishes: readonly Wish[], names: readonly string[]): number[] {
  const holders = new Map<string, number[]>();
  for (const [index, name] of names.entries()) {
    // No scope has a slash in it.
    const key = `${wishes[index]?.scope ?? ""}/${name}`;
    const before = holders.get(key);
    if (before === undefined) holders.set(key, [index]);
    else before.push(index);
  }
  return [...holders.values()].filter(({ length }) => length > 1).flat();
}
