/** The seconds that the containers of a level are added up in: `from` up to and with `to`. */
export interface Seconds {
  /** Milliseconds of one: 1000, or more where years are looked at. */
  readonly grid: number;
  /** Numbers of the grid: Unix milliseconds divided by it. */
  readonly from: number;
  readonly to: number;
}

/** Of the live window. */
export const SECOND_MS = 1000;

/** A sample stands for the seconds after it in which nothing was read, for no longer than this. */
export const LONGEST_HOLD_MS = 60_000;

/** How many cells of a grid a sample may stand for after its own. */
export function heldCells(intervalMs: number, grid: number): number {
  const most = Math.ceil(LONGEST_HOLD_MS / grid);
  return Math.min(most, Math.max(1, Math.round(intervalMs / grid)));
}

/** From so many cells on the last sample, too, stands for what follows: its successor is far away. */
export const SLOW_CELLS = 5;

/** How many cells the last sample of all stands for after its own. */
export function heldAtEnd(intervalMs: number, grid: number): number {
  const held = heldCells(intervalMs, grid);
  return held >= SLOW_CELLS ? held : 0;
}

/** What is known of a node's time. */
export interface NodeTime {
  readonly intervalSeconds: number;
  /** Unix milliseconds of its newest sample. */
  readonly lastTime: number;
  /** Unix milliseconds, by our clock, of its last answer. */
  readonly heard: number;
  /** Milliseconds between its last two answers. */
  readonly cadence: number;
}

/** Nobody is waited for longer. */
const LONGEST_WAIT_MS = 75_000;
/** An answer may be late by so much. */
const SPARE_MS = 5000;

/**
 * The newest second that all nodes have told of, as a number of the grid; the ones that have fallen
 * silent are not waited for. Undefined without nodes.
 */
export function newestSecond(
  nodes: readonly NodeTime[],
  now: number,
  grid: number = SECOND_MS,
): number | undefined {
  const waiting = nodes.filter(
    ({ heard, cadence }) => now - heard <= Math.min(LONGEST_WAIT_MS, 2 * cadence + SPARE_MS),
  );
  const times = (waiting.length > 0 ? waiting : nodes).map(
    ({ lastTime, intervalSeconds }) => lastTime + heldAtEnd(intervalSeconds * 1000, grid) * grid,
  );
  const finite = times.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const least = finite.reduce((a, b) => Math.min(a, b));
  // A pass may lie on the border of two seconds, so that the last one of them may be cut.
  return Math.floor(least / grid) - 1;
}

/** The oldest second that all nodes' windows of so many milliseconds still hold. */
export function oldestSecond(
  nodes: readonly NodeTime[],
  kept: number,
  grid: number = SECOND_MS,
): number {
  const newest = nodes.map(({ lastTime }) => lastTime).filter(Number.isFinite);
  const most = newest.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return Math.ceil((most - kept) / grid);
}
