import type { Container } from "../../wire/container.ts";
import type { EventLog } from "../../wire/events/log.ts";
import type { Stat } from "../../wire/metrics/metric.ts";
import type { Series, Values } from "../../wire/stats/answer.ts";
import type { Summary } from "../../wire/stats/summary.ts";
import type { Batch, StoredUntil } from "../model/batch.ts";
import type { StoredCursors } from "../model/cursor.ts";

/** The words that `history.kind` takes. */
export const HISTORY_KINDS = ["duckdb", "none"] as const;

/** One of them. */
export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** A stretch of the past: Unix milliseconds, from `start` up to and without `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A container that the history knows. */
export interface Known {
  /** The history's own number for it. */
  readonly key: number;
  readonly node: string;
  /** As it was last seen. */
  readonly container: Container;
}

/** A container that has samples in a range. */
export interface Seen extends Known {
  /** Unix milliseconds of its last one there. */
  readonly lastTime: number;
}

/** Rows of containers that are to be added up, second by second. */
export interface LevelAsk extends Range {
  /** Milliseconds of one second of the answer: 1000, or a multiple of it. */
  readonly grid: number;
  readonly stats: readonly Stat[];
  /** The members of each row; none of them is in two. */
  readonly rows: readonly (readonly Known[])[];
}

/** Takes the values of one row of one second; NaN = absent. `time` is its beginning. */
export type TakeLevel = (row: number, time: number, values: Float64Array) => void;

/** Which values are asked for. */
export interface Ask extends Range {
  readonly keys: readonly number[];
  readonly stats: readonly Stat[];
  readonly summaries: readonly Summary[];
}

/** What the history knows of one container over a whole range. */
export interface Totals {
  /** Its last sample in the range; what is absent has no key. */
  readonly latest: { readonly time: string } & Readonly<Record<string, number | string>>;
  readonly window: Readonly<Record<string, Values>>;
}

/** How full the queue is, and what became of the samples. */
export interface HistoryState {
  readonly queued: number;
  readonly capacity: number;
  readonly stored: number;
  /** Refused because the queue was full, or because they can't be stored at all. */
  readonly lost: number;
  readonly failures: number;
  /** Why the last write failed; absent if it went well. */
  readonly trouble?: string;
}

/**
 * Where samples are kept for longer than a minute. `append` is called with each answer of each
 * agent, the questions by the routes, `close` once. A sample that was appended can be asked for
 * after a moment, and survives the process once `flush` has resolved.
 */
export interface History {
  /** The newest sample of each container that was seen lately; read once, at the start. */
  readonly storedUntil: StoredUntil;
  /** Up to where each node's samples are stored, by its agent's own count. */
  readonly storedCursors: StoredCursors;
  /** Takes a batch into the queue and returns at once. */
  append(batch: Batch): void;
  /** Keeps the events of a log too, each once, from where it left off; absent where it can't. */
  keepEvents?(log: EventLog): void;
  /** Resolves when everything appended so far is safe. */
  flush(): Promise<void>;
  /** The containers that have samples in a range. */
  containers(range: Range): Promise<readonly Seen[]>;
  /** Sums up the range for each container; one without samples there is absent. */
  totals(ask: Ask): Promise<ReadonlyMap<number, Totals>>;
  /** Values over time in steps of `step` milliseconds. */
  series(ask: Ask, step: number): Promise<ReadonlyMap<number, Series>>;
  /**
   * Adds rows of containers up by the statistics' descriptions: row by row, the oldest second first;
   * seconds in which nothing was measured are left out.
   */
  levels(ask: LevelAsk, take: TakeLevel): Promise<void>;
  /**
   * Milliseconds that the points stand for of which answers about a time are made: 1000, or more
   * where only coarser ones are kept of it.
   */
  resolution(time: number): number;
  state(): HistoryState;
  close(): Promise<void>;
}
