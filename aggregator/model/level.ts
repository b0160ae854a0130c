import type { Container } from "../../wire/container.ts";
import type { Level } from "../../wire/levels.ts";

/** A container, and where it runs. */
export interface Placed {
  readonly node: string;
  readonly container: Container;
}

/** The row of a level that a container counts in. */
export interface Place {
  /** Tells the rows of a level apart. */
  readonly key: string;
  readonly name: string;
}

/** The root cgroup: all that a machine does. */
export const ROOT = "/";

/** Whether an engine owns it. Every other cgroup is a part of one that does, or of the system. */
export function isEngineOwned({ runtime, container_id: engineId }: Container): boolean {
  return runtime !== undefined || engineId !== undefined;
}

/** The row of a level that a container counts in; undefined if it counts in none. */
export function placeAt(level: Level, placed: Placed, clusterName: string): Place | undefined {
  const { groups } = placed.container;
  switch (level) {
    case "pod":
      return podOf(placed);
    case "service":
      return named(serviceOf(groups));
    case "namespace":
    case "stack":
    case "compose_project":
      return named(groups[level]);
    case "node":
      return named(placed.node);
    case "cluster":
      return named(clusterName);
  }
}

function named(name: string | undefined): Place | undefined {
  return name === undefined ? undefined : { key: name, name };
}

/** A pod of Kubernetes, a task of Swarm, or a pod of Podman, which knows nothing of other nodes. */
function podOf({ node, container: { groups } }: Placed): Place | undefined {
  const { namespace, pod, task } = groups;
  if (pod !== undefined && namespace !== undefined) return named(`${namespace}/${pod}`);
  if (task !== undefined) return named(task);
  // A name has no blank in it.
  return pod === undefined ? undefined : { key: `${node} ${pod}`, name: pod };
}

/** Swarm's names of services are of the whole cluster; Compose's stand in their project. */
function serviceOf(groups: Container["groups"]): string | undefined {
  const { service, stack, task, compose_project: project, namespace } = groups;
  if (service === undefined || stack !== undefined || task !== undefined) return service;
  const parent = project ?? namespace;
  return parent === undefined ? service : `${parent}/${service}`;
}

/** Leaves out what runs inside of another one: its cgroup is a part of the outer one's. */
export function outermost<T extends Placed>(placed: readonly T[]): T[] {
  const ids = new Set(placed.map(({ node, container }) => `${node} ${container.id}`));
  return placed.filter(({ node, container: { id } }) => {
    for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) {
      if (ids.has(`${node} ${id.slice(0, end)}`)) return false;
    }
    return true;
  });
}
