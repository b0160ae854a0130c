/** What an event may have in it. */
export type EventValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly EventValue[]
  | EventData;

/** What is known of an event, by its type. */
export interface EventData {
  readonly [key: string]: EventValue;
}

/** Something that has happened to a cgroup or to the container in it. */
export interface NewEvent {
  /** Unix milliseconds. */
  readonly time: number;
  readonly type: string;
  /** The cgroup's path. */
  readonly cgroup: string;
  readonly data: EventData;
}

/** The same with its place in the log. */
export interface LoggedEvent extends NewEvent {
  /** Ids sort as the events were put down, also those of different lives of the program. */
  readonly id: string;
}

/** Which events are wanted. */
export interface EventQuery {
  /** Unix milliseconds, both included; left out = without an end. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly matches?: (event: LoggedEvent) => boolean;
  /** Only the newest so many; all if left out. */
  readonly limit?: number | undefined;
}

/** How much is kept. */
export interface EventLimits {
  readonly events: number;
  readonly milliseconds: number;
}

const DEFAULTS: EventLimits = { events: 100_000, milliseconds: 86_400_000 };

const TIME_DIGITS = 11;
const COUNT_DIGITS = 7;

/** Events are thrown away in one go when there are so many too many: one by one the list would move each time. */
const SPARE = 1.1;

/** The last events, in memory: 100 000 at most, none older than a day. */
export class EventLog {
  readonly #limits: EventLimits;
  readonly #listeners: Set<(event: LoggedEvent) => void> = new Set();
  readonly #run: string;
  #events: LoggedEvent[] = [];
  #count = 0;
  /** The time of the newest event. */
  #latest = Number.NEGATIVE_INFINITY;

  /** @param startedAt Unix milliseconds: what ids begin with */
  constructor(startedAt: number, limits: EventLimits = DEFAULTS) {
    this.#run = Math.trunc(startedAt).toString(36).padStart(TIME_DIGITS, "0");
    this.#limits = limits;
  }

  /** How many events are kept. */
  get size(): number {
    return this.#events.length;
  }

  /** Puts an event down and tells those who have subscribed. */
  append(event: NewEvent): LoggedEvent {
    const count = (this.#count++).toString(36).padStart(COUNT_DIGITS, "0");
    const logged = { id: `${this.#run}-${count}`, ...event };
    this.#events.push(logged);
    this.#latest = Math.max(this.#latest, event.time);
    if (this.#events.length > this.#limits.events * SPARE) this.#forget();
    for (const listener of this.#listeners) listener(logged);
    return logged;
  }

  /** The events that are wanted, by their time; of equal times as they were put down. */
  query({ start, end, matches = () => true, limit }: EventQuery = {}): LoggedEvent[] {
    this.#forget();
    const found = this.#events.filter(
      (event) =>
        event.time >= (start ?? Number.NEGATIVE_INFINITY) &&
        event.time <= (end ?? Number.POSITIVE_INFINITY) &&
        matches(event),
    );
    const sorted = found.toSorted((a, b) => a.time - b.time);
    return limit === undefined ? sorted : sorted.slice(Math.max(0, sorted.length - limit));
  }

  /** Calls back with each new event; the function that is returned ends that. */
  subscribe(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #forget(): void {
    const oldest = this.#latest - this.#limits.milliseconds;
    this.#events = this.#events
      .slice(Math.max(0, this.#events.length - this.#limits.events))
      .filter(({ time }) => time >= oldest);
  }
}
