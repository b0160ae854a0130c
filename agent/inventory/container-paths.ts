import { compareContainerPaths, engineIdOf } from "../cgroup/engine-id.ts";

/** Which cgroup each container has: of several that carry its id exactly one. */
export class ContainerPaths {
  /** By the engine's id; the container's own comes first. */
  readonly #paths: Map<string, string[]> = new Map();

  /** A cgroup is there. True if a container has been another cgroup's until now. */
  add(cgroup: string): boolean {
    const id = engineIdOf(cgroup);
    if (id === undefined) return false;
    const paths = this.#paths.get(id);
    if (paths === undefined) {
      this.#paths.set(id, [cgroup]);
      return false;
    }
    const [before] = paths;
    if (!paths.includes(cgroup)) paths.push(cgroup);
    paths.sort(compareContainerPaths);
    return paths[0] !== before;
  }

  /** A cgroup has gone. True if its container is another cgroup's now. */
  remove(cgroup: string): boolean {
    const id = engineIdOf(cgroup);
    const paths = this.#paths.get(id ?? "");
    if (id === undefined || paths === undefined) return false;
    const place = paths.indexOf(cgroup);
    if (place !== -1) paths.splice(place, 1);
    if (paths.length === 0) this.#paths.delete(id);
    return place === 0 && paths.length > 0;
  }

  /** The cgroup of a container; undefined if it has none. */
  of(engineId: string): string | undefined {
    return this.#paths.get(engineId)?.[0];
  }

  /** Whether another cgroup is this one's container. */
  isSecond(engineId: string, cgroup: string): boolean {
    const first = this.#paths.get(engineId)?.[0];
    return first !== undefined && first !== cgroup;
  }

  /** Each container and its cgroup. */
  *all(): Generator<readonly [engineId: string, cgroup: string]> {
    for (const [id, [first]] of this.#paths) if (first !== undefined) yield [id, first];
  }
}
