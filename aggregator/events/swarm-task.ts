import type { Placed } from "../model/level.ts";

/** A container that Docker Swarm runs in a place of a service. */
export interface SwarmTask<P extends Placed> {
  readonly placed: P;
  readonly service: string;
  /** The place's number; where there is one on each node, the node's id. */
  readonly slot: string;
  /** Of the task itself, which is another one each time it is started. */
  readonly id: string;
}

/** Swarm names a task after its service, its place and itself: `web.2.x0dpz…`. */
function taskOf<P extends Placed>(placed: P): SwarmTask<P> | undefined {
  const { labels } = placed.container;
  const service = labels["com.docker.swarm.service.name"];
  const name = labels["com.docker.swarm.task.name"];
  if (service === undefined || name?.startsWith(`${service}.`) !== true) return undefined;
  const [slot, id] = name.slice(service.length + 1).split(".");
  if (slot === undefined || id === undefined) return undefined;
  return { placed, service, slot, id };
}

/**
 * The newest container of each place, by service and place: the one before it may still be known,
 * as it was on a node that is down or has not ended yet.
 */
export function newestTasks<P extends Placed>(running: Iterable<P>): Map<string, SwarmTask<P>> {
  const tasks = new Map<string, SwarmTask<P>>();
  for (const placed of running) {
    const task = taskOf(placed);
    if (task === undefined) continue;
    const key = `${task.service} ${task.slot}`;
    const other = tasks.get(key)?.placed.container.created_at ?? "";
    if ((placed.container.created_at ?? "") >= other) tasks.set(key, task);
  }
  return tasks;
}

/** Leaves out what another container has taken the place of. */
export function withoutReplaced<P extends Placed>(running: readonly P[]): P[] {
  const newest = new Set([...newestTasks(running).values()].map(({ placed }) => placed));
  return running.filter((placed) => newest.has(placed) || taskOf(placed) === undefined);
}
