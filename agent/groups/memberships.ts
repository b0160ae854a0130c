import type { Container } from "../../wire/container.ts";
import { encodeLabels } from "../../wire/exposition/encode.ts";
import { GROUP_KINDS } from "../../wire/metrics/groups.ts";

const texts = new WeakMap<Container, readonly string[]>();

/**
 * The groups of a container, each as its labels stand on the page:
 * `group="service",name="web",compose_project="shop"`. Made once for each state of a container.
 */
export function membershipsOf(container: Container): readonly string[] {
  let found = texts.get(container);
  if (found === undefined) texts.set(container, (found = findMemberships(container)));
  return found;
}

function findMemberships({ groups }: Container): readonly string[] {
  return GROUP_KINDS.flatMap(({ kind, within }) => {
    const name = groups[kind];
    if (name === undefined) return [];
    const parent = within.find((candidate) => groups[candidate] !== undefined);
    const around = parent === undefined ? {} : { [parent]: groups[parent] ?? "" };
    return [encodeLabels({ group: kind, name, ...around })];
  });
}
