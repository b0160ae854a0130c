import type { ContainerStats, Series } from "../../wire/stats/answer.ts";
import type { Answer } from "./api.ts";
import { mergeSeries } from "./series.ts";
import type { Selection } from "./view.ts";

/** Seconds that the charts show. */
export const SPAN = 3600;

/** Seconds that one point of a chart stands for. */
export const STEP = 5;

/** How far back each later question reaches, in seconds: samples arrive late after a lost link. */
const OVERLAP = 120;

/** The last hour of one container. */
export interface History {
  readonly container: ContainerStats;
  readonly series: Series;
  /** Unix seconds by the server's clock when it answered. */
  readonly now: number;
  /** Seconds between two samples. */
  readonly interval: number;
}

const NOTHING: Series = { step_seconds: STEP, times: [], values: {} };

/** From when on to ask: the whole span at first, later only its end; the `start` of a query. */
export function nextStart(history: History | undefined): string {
  const newest = history?.series.times.at(-1);
  if (newest === undefined) return `-${SPAN}s`;
  // On a whole step, or the first step of the answer would hold only a part of its samples.
  return String(Math.floor((newest - OVERLAP) / STEP) * STEP);
}

/** The history with one more answer in it; an answer without the container is an error. */
export function addAnswer(
  history: History | undefined,
  answer: Answer,
  { id, node }: Selection,
): History {
  // The path asked for may also be the name of something else.
  const container = answer.containers.find(
    (candidate) => candidate.id === id && (node === undefined || candidate.node === node),
  );
  if (container === undefined) throw new Error("nothing is kept of this container");
  const now = Date.parse(answer.time) / 1000;
  return {
    container,
    series: mergeSeries(history?.series ?? NOTHING, container.series ?? NOTHING, now - SPAN),
    now,
    interval: answer.interval_seconds,
  };
}
