import type { Stat } from "../../wire/metrics/metric.ts";
import type { Series, Values } from "../../wire/stats/answer.ts";
import { Stretch, type Summary } from "../../wire/stats/summary.ts";

/** What a row's values over time come to. */
export interface Summed {
  readonly latest: { readonly time?: string } & Readonly<Record<string, number | string>>;
  readonly window: Readonly<Record<string, Values>>;
  readonly series?: Series;
}

/** How values are summed up. */
export interface SummaryAsk {
  readonly stats: readonly Stat[];
  readonly summaries: readonly Summary[];
  /** Milliseconds; undefined = no series asked for. */
  readonly step?: number | undefined;
}

type Lists = Record<string, (number | null)[]>;

/** Sums up the values of one row, which are handed in from the oldest second to the newest. */
export class LevelSummary {
  readonly #ask: SummaryAsk;
  readonly #grid: number;
  readonly #window: readonly Stretch[];
  readonly #ofStep: readonly Stretch[];
  readonly #times: number[] = [];
  readonly #lists: readonly Lists[];
  #latestTime: number | undefined;
  readonly #latest: Float64Array;

  /** @param grid milliseconds that one value stands for */
  constructor(ask: SummaryAsk, grid: number) {
    this.#ask = ask;
    this.#grid = grid;
    this.#window = ask.stats.map(() => new Stretch());
    this.#ofStep = ask.stats.map(() => new Stretch());
    this.#lists = ask.stats.map(() =>
      Object.fromEntries(ask.summaries.map((summary) => [summary, []])),
    );
    this.#latest = new Float64Array(ask.stats.length);
  }

  /** Takes the values of one second, which begins at a time in Unix milliseconds; NaN = absent. */
  add(time: number, values: Float64Array): void {
    const { step } = this.#ask;
    if (step !== undefined) {
      const begin = (Math.floor(time / step) * step) / 1000;
      if (begin !== this.#times.at(-1)) {
        this.#endStep();
        this.#times.push(begin);
      }
    }
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? Number.NaN;
      this.#window[index]?.add(value, this.#grid);
      if (step !== undefined) this.#ofStep[index]?.add(value, this.#grid);
    }
    this.#latest.set(values);
    this.#latestTime = time;
  }

  /** What they come to; nothing can be added afterwards. */
  finish(): Summed {
    this.#endStep();
    const { step } = this.#ask;
    return {
      latest: this.#latestValues(),
      window: this.#windowValues(),
      ...(step === undefined ? {} : { series: this.#series(step) }),
    };
  }

  #endStep(): void {
    if (this.#times.length === 0) return;
    for (const [index, stretch] of this.#ofStep.entries()) {
      for (const summary of this.#ask.summaries) {
        const value = stretch.summarize(summary);
        this.#lists[index]?.[summary]?.push(Number.isNaN(value) ? null : value);
      }
      stretch.clear();
    }
  }

  #latestValues(): Summed["latest"] {
    if (this.#latestTime === undefined) return {};
    const latest: Record<string, number | string> = {
      time: new Date(this.#latestTime).toISOString(),
    };
    for (const [index, { name }] of this.#ask.stats.entries()) {
      const value = this.#latest[index] ?? Number.NaN;
      if (Number.isFinite(value)) latest[name] = value;
    }
    return latest;
  }

  #windowValues(): Summed["window"] {
    const window: Record<string, Values> = {};
    for (const [index, { name }] of this.#ask.stats.entries()) {
      const stretch = this.#window[index];
      if (stretch === undefined || stretch.length === 0) continue;
      window[name] = Object.fromEntries(
        this.#ask.summaries.map((summary) => [summary, stretch.summarize(summary)]),
      );
    }
    return window;
  }

  #series(step: number): Series {
    const values: Record<string, Lists> = {};
    for (const [index, { name }] of this.#ask.stats.entries()) {
      const lists = this.#lists[index] ?? {};
      if (Object.values(lists).some((list) => list.some((value) => value !== null))) {
        values[name] = lists;
      }
    }
    return { step_seconds: step / 1000, times: this.#times, values };
  }
}
