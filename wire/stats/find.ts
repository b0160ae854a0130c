import type { Container } from "../container.ts";
import { QueryError } from "./query.ts";

/** What can be found: a container, and where it runs if there are several nodes. */
export interface Findable {
  readonly container: Container;
  readonly node?: string;
}

/** What a name in a URL may be, best first. */
const MEANINGS: readonly ((container: Container, wanted: string) => boolean)[] = [
  (container, wanted) => container.id === wanted || container.id === `/${wanted}`,
  (container, wanted) => container.container_id === wanted,
  (container, wanted) => container.name === wanted,
  (container, wanted) => container.container_id?.startsWith(wanted) === true,
];

/** All that a cgroup path, an engine's id, a name, or the beginning of an id may mean. */
export function findAll<T extends Findable>(subjects: Iterable<T>, wanted: string): T[] {
  const all = [...subjects];
  for (const means of MEANINGS) {
    const found = all.filter(({ container }) => means(container, wanted));
    if (found.length > 0) return found;
  }
  return [];
}

/** The error for a name that does not say which container is meant. */
export function ambiguous(found: readonly Findable[], wanted: string): QueryError {
  const names = found.map((subject) => subject.container.name).slice(0, 5);
  return new QueryError("container", `"${wanted}" fits ${found.length}: ${names.join(", ")}, …`);
}

/**
 * The containers that somebody means by a cgroup path, an engine's id, a name, or the beginning of
 * an id. One for each node that has it; empty if there is none.
 * @throws QueryError if several containers of one node fit
 */
export function findSubjects<T extends Findable>(subjects: Iterable<T>, wanted: string): T[] {
  const found = findAll(subjects, wanted);
  if (new Set(found.map((subject) => subject.node)).size < found.length) {
    throw ambiguous(found, wanted);
  }
  return found;
}
