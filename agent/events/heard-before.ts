import { type Event, LIFE_TYPES } from "../../wire/events/event.ts";
import type { EventLog } from "../../wire/events/log.ts";

/** What an engine is asked for again, at most. */
const HOUR_MS = 3_600_000;

/** What led to an end, a stop through the engine for example, happened no longer before it. */
const OVERLAP_MS = 60_000;

/** More than any engine tells again. */
const MOST = 20_000;

/** A container that has not been removed, as far as the log tells. */
export interface LoggedLife {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isRunning: boolean;
}

/** What an earlier run of this agent has put down of what engines told. */
export class HeardBefore {
  readonly #newest: Map<string, number> = new Map();
  readonly #told: Set<string> = new Set();
  readonly #lives: Map<string, Map<string, LoggedLife>> = new Map();
  readonly #since: number;
  /** What happened before is not told; the log itself says what is, if there is one. */
  readonly #begin: number;

  /** Reads the last hour of a log. `now` is Unix milliseconds. */
  static async read(log: EventLog, now: number): Promise<HeardBefore> {
    const hour = { start: now - HOUR_MS - OVERLAP_MS, end: Number.POSITIVE_INFINITY };
    const wanted = { ...hour, after: undefined, limit: MOST, matches: () => true };
    const found = await log.query(wanted);
    return new HeardBefore(
      found.map(({ event }) => event),
      now,
    );
  }

  /** @param events of the last hour, the oldest first */
  constructor(events: readonly Event[], now: number) {
    const [first] = events;
    this.#since =
      first === undefined ? now : Math.min(Math.max(Date.parse(first.time), now - HOUR_MS), now);
    this.#begin = first === undefined ? now : Number.NEGATIVE_INFINITY;
    for (const event of events) this.#learn(event, now);
  }

  /** Unix milliseconds from which on an engine is to tell: again, or from the start of the first run. */
  since(runtime: string): number {
    const newest = this.#newest.get(runtime);
    return newest === undefined ? this.#since : Math.max(newest - OVERLAP_MS, this.#since);
  }

  /** Whether something that happened to a container at a time (Unix milliseconds) is in the log, or before it. */
  has(engineId: string, type: string, time: number): boolean {
    return time < this.#begin || this.#told.has(`${engineId} ${type} ${time}`);
  }

  /** Whether an engine's later events are in the log: what it told before and is not, was no news. */
  isPassed(runtime: string, time: number): boolean {
    return time <= (this.#newest.get(runtime) ?? Number.NEGATIVE_INFINITY);
  }

  /** The containers of an engine that had not been removed. */
  lives(runtime: string): ReadonlyMap<string, LoggedLife> {
    return this.#lives.get(runtime) ?? new Map<string, LoggedLife>();
  }

  #learn({ type, time, container }: Event, now: number): void {
    const { container_id: id, runtime } = container ?? {};
    const isLife = LIFE_TYPES.some((one) => one === type);
    if (container === undefined || id === undefined || runtime === undefined || !isLife) return;
    const at = Date.parse(time);
    this.#told.add(`${id} ${type} ${at}`);
    // A clock that was ahead once must not hide what has happened since.
    if (at <= now) this.#newest.set(runtime, Math.max(this.#newest.get(runtime) ?? at, at));
    const lives = this.#lives.get(runtime) ?? new Map<string, LoggedLife>();
    this.#lives.set(runtime, lives);
    if (type === "removed") {
      lives.delete(id);
      return;
    }
    const { name, image = "", labels } = container;
    const wasRunning = lives.get(id)?.isRunning ?? false;
    const isRunning = type === "started" || (type !== "died" && wasRunning);
    lives.set(id, { name, image, labels, isRunning });
  }
}
