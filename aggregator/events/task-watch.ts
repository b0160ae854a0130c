import { subjectOf } from "../../wire/events/subject.ts";
import type { Placed } from "../model/level.ts";
import type { ServiceNews } from "./service-watch.ts";
import { newestTasks } from "./swarm-task.ts";

interface Known {
  readonly node: string;
  readonly id: string;
}

/** Places of tasks that are remembered. */
const MOST = 50_000;

/** Notices tasks of Docker Swarm that have moved to another node. */
export class TaskWatch {
  #known = new Map<string, Known>();

  /** Looks at all containers that run. A place that nobody has now is remembered: its next task may be on its way. */
  *look(running: Iterable<Placed>): Generator<ServiceNews> {
    for (const [key, { placed, slot, service, id }] of newestTasks(running)) {
      const { node, container } = placed;
      const before = this.#known.get(key);
      // Whoever was seen last stands last.
      this.#known.delete(key);
      this.#known.set(key, { node, id });
      if (before === undefined || before.node === node || before.id === id) continue;
      const details = { group: `service:${service}`, slot, from: before.node, to: node };
      yield { node, type: "task_rescheduled", container: subjectOf(container), details };
    }
    if (this.#known.size > MOST) this.#known = new Map([...this.#known].slice(-MOST));
  }
}
