import { Narrator } from "../../../agent/events/narrator.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";
import type { Event } from "../../../wire/events/event.ts";
import type { EventLog } from "../../../wire/events/log.ts";

/** An engine's id and the path of its cgroup. */
export const ID: string = "1b".repeat(32);
const PATH: string = `/docker/${ID}`;

/** A narrator with what it has told. */
export class Told {
  time = 1_795_000_000_000;
  readonly log: EventLog = new Journal({ startedAt: 0 });
  readonly events: Event[] = [];
  readonly narrator: Narrator = new Narrator({
    log: this.log,
    node: "host-1",
    now: () => this.time,
    freeze: () => "frozen",
  });

  constructor() {
    this.log.subscribe(({ event }) => this.events.push(event));
  }

  /** Type and details of each event since the last call. */
  take(): (readonly [string, object])[] {
    return this.events.splice(0).map(({ type, details }) => [type, details] as const);
  }
}

/** A container of Docker's, or a plain cgroup. */
export function container(runtime?: string, more: Partial<Container> = {}): Container {
  const plain = { id: PATH, name: PATH, labels: {}, groups: {}, limits: NO_LIMITS };
  if (runtime === undefined) return { ...plain, ...more };
  return { ...plain, runtime, container_id: ID, name: "web", image: "nginx:1", ...more };
}
