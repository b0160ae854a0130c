import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { Container } from "../../wire/container.ts";
import type { FamilyHead } from "../../wire/exposition/encode.ts";
import type { Inventory } from "../inventory/inventory.ts";
import type { Window } from "../window/window.ts";
import type { AppFamily, Dropped, Exposed } from "./exposed-families.ts";
import { type Failure, scrape } from "./scrape.ts";
import { findTarget, type Refusal, wantsScrape } from "./target.ts";

/** So many containers are asked at a time. */
const PARALLEL = 8;

/** One that does not answer in time is asked less and less often: up to 2⁴ intervals apart. */
const MOST_DOUBLINGS = 4;

/** Which containers are asked, how often, and how many series each may have. */
export interface AppMetricsSettings {
  readonly allow: readonly RegExp[];
  readonly intervalMs: number;
  readonly mostSeries: number;
}

/** What the scraping of containers works with. */
export interface AppMetricsParts {
  readonly window: Window;
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: AppMetricsSettings;
  /** The machine's own addresses, which no container has. */
  readonly ownAddresses: () => readonly string[];
  /** Stands in for the network in tests. */
  readonly scrape?: typeof scrape;
}

/** How it went. */
export type Result = "ok" | Failure | Refusal;

/** One life of a container that wants to be asked. */
interface Subject {
  readonly container: Container;
  dueAt: number;
  isRunning: boolean;
  result: Result | undefined;
  timeouts: number;
  families: readonly AppFamily[];
  /** Unix milliseconds at which it was asked for them. */
  askedAt: number;
}

/**
 * The containers' own metrics: asks those that want it and that the operator allows, each at its own
 * time, and keeps what they last said.
 */
export class AppMetrics {
  /** How often it went how, since the start. */
  readonly results: Map<Result, number> = new Map();
  /** Series that were left out, since the start. */
  readonly dropped: Map<Dropped, number> = new Map();
  readonly #parts: AppMetricsParts;
  readonly #stop: AbortController = new AbortController();
  readonly #unfollow: () => void;
  readonly #subjects: Map<string, Subject> = new Map();
  readonly #wanted: WeakMap<Container, boolean> = new WeakMap();
  /** What type each family has, and whose it is: the first who brings it decides. */
  readonly #types: Map<string, { type: FamilyHead["type"]; holders: Set<Subject> }> = new Map();
  readonly #running: Set<Promise<void>> = new Set();

  constructor(parts: AppMetricsParts) {
    this.#parts = parts;
    this.#unfollow = parts.window.onPass(() => this.#pass());
  }

  /** What a container last exposed; nothing if it is none of those, or did not answer. */
  familiesOf(container: Container): readonly AppFamily[] {
    return this.#subjects.get(lifeOf(container))?.families ?? [];
  }

  /** When it was asked for what it exposed: Unix milliseconds, NaN = never. */
  askedAt(container: Container): number {
    return this.#subjects.get(lifeOf(container))?.askedAt ?? Number.NaN;
  }

  async close(): Promise<void> {
    this.#unfollow();
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  #pass(): void {
    const now = this.#parts.clock.monotonic();
    const live = new Set<string>();
    for (const { container } of this.#parts.window.live) {
      if (!this.#isWanted(container)) continue;
      const life = lifeOf(container);
      live.add(life);
      if (!this.#subjects.has(life)) this.#subjects.set(life, newSubject(container, now));
    }
    for (const [life, subject] of this.#subjects) {
      if (live.has(life)) continue;
      this.#subjects.delete(life);
      this.#show(subject, []);
    }
    this.#askDue();
  }

  #isWanted(container: Container): boolean {
    let isWanted = this.#wanted.get(container);
    if (isWanted === undefined) {
      const { container_id: id, labels, name, state } = container;
      isWanted =
        id !== undefined &&
        state === "running" &&
        wantsScrape(labels) &&
        this.#parts.settings.allow.some((pattern) => pattern.test(name));
      this.#wanted.set(container, isWanted);
    }
    return isWanted;
  }

  #askDue(): void {
    const now = this.#parts.clock.monotonic();
    const due = [...this.#subjects.values()].filter(
      ({ dueAt, isRunning }) => dueAt <= now && !isRunning,
    );
    if (due.length === 0 || this.#stop.signal.aborted) return;
    // Who waits longest is first.
    due.sort((a, b) => a.dueAt - b.dueAt);
    const own = this.#parts.ownAddresses();
    for (const subject of due) {
      if (this.#running.size >= PARALLEL) return;
      const asking = this.#ask(subject, own).finally(() => {
        this.#running.delete(asking);
        this.#askDue();
      });
      this.#running.add(asking);
    }
  }

  async #ask(subject: Subject, own: readonly string[]): Promise<void> {
    const { clock, settings } = this.#parts;
    const startedAt = clock.monotonic();
    const askedAt = clock.now();
    subject.isRunning = true;
    const found = await this.#find(subject, own);
    subject.isRunning = false;
    if (this.#stop.signal.aborted) return;
    subject.timeouts = found === "timeout" ? subject.timeouts + 1 : 0;
    const doublings = Math.min(subject.timeouts, MOST_DOUBLINGS);
    subject.dueAt = startedAt + settings.intervalMs * 2 ** doublings;
    // It has gone meanwhile.
    if (this.#subjects.get(lifeOf(subject.container)) !== subject) return;
    subject.askedAt = askedAt;
    const isFailure = typeof found === "string";
    this.#note(subject, isFailure ? found : "ok");
    this.#show(subject, isFailure ? [] : this.#agreeing(subject, found));
  }

  async #find({ container }: Subject, own: readonly string[]): Promise<Exposed | Result> {
    const known = this.#parts.inventory.engineContainer(container.container_id ?? "");
    const target = known === undefined ? "no_address" : findTarget(known, own);
    if (typeof target === "string") return target;
    const ask = this.#parts.scrape ?? scrape;
    return ask(target, this.#parts.settings.mostSeries, this.#stop.signal);
  }

  #note(subject: Subject, result: Result): void {
    count(this.results, result, 1);
    if (result === subject.result) return;
    const fields = { container: subject.container.name, result };
    // Its own labels make it so, which its operator can see here; it is no fault of this machine.
    if (result !== "ok") this.#parts.logger.info(fields, "cannot get a container's own metrics");
    else if (subject.result !== undefined) {
      this.#parts.logger.info(fields, "a container's own metrics are back");
    }
    subject.result = result;
  }

  /** Without the families that another container has brought with another type. */
  #agreeing(subject: Subject, { families, dropped }: Exposed): readonly AppFamily[] {
    for (const [reason, series] of dropped) count(this.dropped, reason, series);
    return families.filter(({ name, type, series }) => {
      const held = this.#types.get(name);
      const isHeld = held !== undefined && [...held.holders].some((holder) => holder !== subject);
      if (!isHeld || held.type === type) return true;
      count(this.dropped, "type", series.length);
      return false;
    });
  }

  #show(subject: Subject, families: readonly AppFamily[]): void {
    for (const { name } of subject.families) {
      const held = this.#types.get(name);
      held?.holders.delete(subject);
      if (held?.holders.size === 0) this.#types.delete(name);
    }
    for (const { name, type } of families) {
      const held = this.#types.get(name);
      if (held === undefined) this.#types.set(name, { type, holders: new Set([subject]) });
      else held.holders.add(subject);
    }
    subject.families = families;
  }
}

/** A container that was started again is another one, with other addresses and other counters. */
function lifeOf({ id, started_at: startedAt }: Container): string {
  return `${id} ${startedAt ?? ""}`;
}

function newSubject(container: Container, now: number): Subject {
  return {
    container,
    dueAt: now,
    isRunning: false,
    result: undefined,
    timeouts: 0,
    families: [],
    askedAt: Number.NaN,
  };
}

function count<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
