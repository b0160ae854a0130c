/** One entry of an Accept header: what it names, in lower case, and how much it is wanted, 0 to 1. */
interface Wish {
  readonly name: string;
  readonly weight: number;
}

/**
 * Whether an `Accept-Encoding` header takes gzip; without the header it does not count as taken.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
 */
export function acceptsGzip(header: string | undefined): boolean {
  const wishes = parseWishes(header ?? "");
  const named = wishes.find(({ name }) => name === "gzip" || name === "x-gzip");
  const wish = named ?? wishes.find(({ name }) => name === "*");
  return wish !== undefined && wish.weight > 0;
}

/**
 * The media type of `types` that an `Accept` header wants most; of equals the first in `types`.
 * The first too when there is no header, undefined when the header takes none of them.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
export function preferred(
  accept: string | undefined,
  types: readonly string[],
): string | undefined {
  if (accept === undefined || accept.trim() === "") return types[0];
  const wishes = parseWishes(accept);
  let best: string | undefined;
  let bestWeight = 0;
  for (const type of types) {
    const weight = weightOf(type, wishes);
    if (weight > bestWeight) [best, bestWeight] = [type, weight];
  }
  return best;
}

function weightOf(type: string, wishes: readonly Wish[]): number {
  const name = nameOf(type);
  const [kind = ""] = name.split("/", 1);
  // The most exact entry counts, however little it wants the type.
  for (const pattern of [name, `${kind}/*`, "*/*"]) {
    const fitting = wishes.filter((wish) => wish.name === pattern);
    // One type may stand there once for each of its versions.
    if (fitting.length > 0) return Math.max(...fitting.map(({ weight }) => weight));
  }
  return 0;
}

function parseWishes(header: string): Wish[] {
  return header
    .split(",")
    .map((entry) => ({ name: nameOf(entry), weight: parseWeight(entry) }))
    .filter(({ name }) => name !== "");
}

function nameOf(entry: string): string {
  return (entry.split(";", 1)[0] ?? "").trim().toLowerCase();
}

function parseWeight(entry: string): number {
  const [, text] = /;\s*q\s*=\s*(\d(?:\.\d*)?)\s*(?:;|$)/iu.exec(entry) ?? [];
  return text === undefined ? 1 : Math.min(Number(text), 1);
}
