import type { Stat } from "../metrics/metric.ts";
import { derivationOf, type Subject } from "./answer.ts";
import type { StatsQuery } from "./query.ts";
import { SUMMARIES } from "./summary.ts";
import { WindowSummary } from "./window-summary.ts";

/**
 * Reads what `/stats` says of a container as numbers without names, for hundreds of containers at
 * once: first the latest value of each statistic, then for each of them the summaries of its window.
 * NaN = absent.
 */
export class ValueReader {
  /** How many numbers there are. */
  readonly length: number;
  readonly #stats: readonly Stat[];
  /** Milliseconds to sum up; undefined = all that is kept. */
  readonly #window: number | undefined;
  /** Where those summaries that are wanted stand among all. */
  readonly #places: readonly number[];
  readonly #summary: WindowSummary;
  readonly #summed: Float64Array;

  constructor({ stats, summaries, window }: StatsQuery) {
    this.length = stats.length * (1 + summaries.length);
    this.#stats = stats;
    this.#window = window;
    this.#places = summaries.map((summary) => SUMMARIES.indexOf(summary));
    this.#summary = new WindowSummary(stats);
    this.#summed = new Float64Array(this.#summary.length);
  }

  /** Writes a container's numbers. */
  read({ ring, container }: Subject, into: Float64Array): void {
    const newest = ring.length - 1;
    let at = 0;
    for (const stat of this.#stats) {
      into[at++] = derivationOf(stat)(ring, newest, container.limits);
    }
    if (this.#places.length === 0) return;
    const from =
      this.#window === undefined ? 0 : ring.positionAt(ring.timeAt(newest) - this.#window + 1);
    this.#summary.summarize(ring, container.limits, this.#summed, from);
    for (let start = 0; start < this.#summed.length; start += SUMMARIES.length) {
      for (const place of this.#places) into[at++] = this.#summed[start + place] ?? Number.NaN;
    }
  }
}
