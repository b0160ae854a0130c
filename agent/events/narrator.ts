import type { Packed } from "../../lib/journal/packed.ts";
import type { Container } from "../../wire/container.ts";
import type { EventDetails, EventType } from "../../wire/events/event.ts";
import type { EventLog } from "../../wire/events/log.ts";
import { subjectOf } from "../../wire/events/subject.ts";

/** What events are told with. */
export interface NarratorParts {
  readonly log: EventLog;
  readonly node: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** What the window holds of a container before a time; undefined if it holds nothing. */
  readonly freeze: (container: Container, time: number) => Packed | undefined;
  /** Told of everything that is put down of containers. */
  readonly told?: (type: EventType, container: Container) => void;
}

/** The minute before is kept with these. */
const GRAVE: readonly EventType[] = ["died", "oom_kill"];

/** Puts down events of this node, each with whom it is about. */
export class Narrator {
  readonly #parts: NarratorParts;

  constructor(parts: NarratorParts) {
    this.#parts = parts;
  }

  /**
   * Puts an event down.
   * @param container undefined if it is about the node as a whole
   * @param time Unix milliseconds, now if left out
   */
  tell(
    type: EventType,
    container: Container | undefined,
    details: EventDetails,
    time: number = this.#parts.now(),
  ): void {
    const { log, node, freeze, told } = this.#parts;
    const isGrave = container !== undefined && GRAVE.includes(type);
    log.append(
      {
        time: new Date(time).toISOString(),
        node,
        type,
        ...(container === undefined ? {} : { container: subjectOf(container) }),
        details,
      },
      isGrave ? freeze(container, time) : undefined,
    );
    if (container !== undefined) told?.(type, container);
  }
}
