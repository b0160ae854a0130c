import type { EventLog } from "../../wire/events/log.ts";
import type { Outlet } from "./outlet.ts";

/** So many events are handed on at a time. */
const MOST_EVENTS = 500;

/** Hands a sink the events that follow the last one which it has, also those of before a restart. */
export class EventFeed {
  readonly #log: EventLog;
  readonly #outlet: Outlet;
  readonly #unsubscribe: () => void;
  #last: string;
  #pumping: Promise<void> | undefined;
  #isDue = false;

  constructor(log: EventLog, outlet: Outlet) {
    this.#log = log;
    this.#outlet = outlet;
    const { lastEventId } = outlet.marks;
    // One that has none begins with what comes; so does one whose id is of another log.
    const isKnown = lastEventId !== undefined && lastEventId <= log.newestId;
    this.#last = isKnown ? lastEventId : log.newestId;
    this.#unsubscribe = log.subscribe(() => this.#kick());
    this.#kick();
  }

  /** Hands on what is there. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#pumping;
  }

  #kick(): void {
    this.#isDue = true;
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      // oxlint-disable-next-line no-await-in-loop
      const { events } = await this.#log.after(this.#last, MOST_EVENTS);
      const last = events.at(-1);
      if (last === undefined) continue;
      this.#last = last.event.id;
      this.#outlet.take({ kind: "events", events: events.map(({ event }) => event) });
      this.#isDue = true;
      // oxlint-disable-next-line no-await-in-loop
      await this.#outlet.flush();
    }
    this.#pumping = undefined;
  }
}
