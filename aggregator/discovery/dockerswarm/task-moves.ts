import { countAt, textAt, textMapAt } from "../../../lib/json-at.ts";
import type { NewEvent } from "../../../wire/events/event.ts";

/** Where the task of a place runs. */
interface Task {
  readonly id: string;
  readonly nodeId: string;
  readonly startedAt: string;
}

/** Lists of a manager. */
export interface TaskLists {
  /** `GET /tasks` of those that are to run. */
  readonly tasks: readonly unknown[];
  /** `GET /nodes`. */
  readonly nodes: readonly unknown[];
  /** Names of services by their ids. */
  readonly services: ReadonlyMap<string, string>;
}

/** Places of tasks that are remembered. */
const MOST = 50_000;

/** Notices tasks that run on another node than the one before them in their place. */
export class TaskMoves {
  #known = new Map<string, Task>();

  /** Looks at all tasks. A place that nobody has now is remembered: its next task may be on its way. */
  *look({ tasks, nodes, services }: TaskLists): Generator<NewEvent> {
    const hostnames = new Map(
      nodes.map((node) => [textAt(node, "ID"), textAt(node, "Description", "Hostname")]),
    );
    for (const [key, { entry, task }] of newest(tasks)) {
      const before = this.#known.get(key);
      // Whoever was seen last stands last.
      this.#known.delete(key);
      this.#known.set(key, task);
      const service = services.get(textAt(entry, "ServiceID"));
      if (before === undefined || before.nodeId === task.nodeId || service === undefined) continue;
      const [from, to] = [before.nodeId, task.nodeId].map((id) => hostnames.get(id) || id);
      yield moved(entry, service, from ?? "", to ?? "");
    }
    if (this.#known.size > MOST) this.#known = new Map([...this.#known].slice(-MOST));
  }
}

/** The newest running task of each place of a service with a number of tasks. */
function newest(tasks: readonly unknown[]): Map<string, { entry: unknown; task: Task }> {
  const found = new Map<string, { entry: unknown; task: Task }>();
  for (const entry of tasks) {
    const slot = countAt(entry, "Slot") ?? 0;
    // Where there is one on each node, none can move.
    if (slot === 0 || textAt(entry, "Status", "State") !== "running") continue;
    const key = `${textAt(entry, "ServiceID")} ${slot}`;
    const task = {
      id: textAt(entry, "ID"),
      nodeId: textAt(entry, "NodeID"),
      startedAt: textAt(entry, "CreatedAt"),
    };
    if (task.startedAt >= (found.get(key)?.task.startedAt ?? "")) found.set(key, { entry, task });
  }
  return found;
}

function moved(entry: unknown, service: string, from: string, to: string): NewEvent {
  const slot = String(countAt(entry, "Slot") ?? 0);
  const name = `${service}.${slot}.${textAt(entry, "ID")}`;
  const containerId = textAt(entry, "Status", "ContainerStatus", "ContainerID");
  const image = textAt(entry, "Spec", "ContainerSpec", "Image").replace(/@sha256:.*$/u, "");
  const stamp = Date.parse(textAt(entry, "Status", "Timestamp"));
  return {
    time: new Date(Number.isNaN(stamp) ? Date.now() : stamp).toISOString(),
    node: to,
    type: "task_rescheduled",
    container: {
      name,
      ...(containerId === "" ? {} : { container_id: containerId }),
      ...(image === "" ? {} : { image }),
      runtime: "docker",
      labels: textMapAt(entry, "Spec", "ContainerSpec", "Labels"),
      groups: { service, task: name },
    },
    details: { group: `service:${service}`, slot, from, to },
  };
}
