import type { Logger } from "../../lib/log.ts";

/** Why something that was asked for is not measured here. */
export interface Absence {
  readonly collector: string;
  /** What is missing: an event, or the whole subject. */
  readonly what: string;
  /** One word of a few, for the counter. */
  readonly reason: string;
  /** In words. */
  readonly detail: string;
}

/** Keeps, tells once and counts why something that was asked for is not measured. */
export class Absences {
  readonly #all: Map<string, Absence> = new Map();
  readonly #counts: Map<string, number> = new Map();
  readonly #logger: Logger | undefined;

  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  /** Every absence so far, each once. */
  get all(): Iterable<Absence> {
    return this.#all.values();
  }

  /** How often each has been met. */
  *counts(): Generator<{ collector: string; reason: string; count: number }> {
    for (const [key, count] of this.#counts) {
      const [collector = "", reason = ""] = key.split(" ");
      yield { collector, reason, count };
    }
  }

  add(absence: Absence): void {
    const { collector, what, reason, detail } = absence;
    const counted = `${collector} ${reason}`;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
    const key = `${counted} ${what}`;
    if (this.#all.has(key)) return;
    this.#all.set(key, absence);
    this.#logger?.info({ collector, what, reason, detail }, "not measured");
  }
}
