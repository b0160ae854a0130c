import type { Batch, Stretch } from "../../model/batch.ts";
import { ClusterIntervals } from "./cluster-intervals.ts";
import { NodeInterval, type Row } from "./node-interval.ts";
import { type Place, placeOf, type Placing } from "./place.ts";

/** How samples become points. */
export interface IntervalSettings extends Placing {
  /** Milliseconds. */
  readonly resolution: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A node as far as its samples have come. Unix milliseconds all. */
interface NodeTime {
  /** What was before is not known. */
  since: number;
  /** What is older has been written. */
  writtenUntil: number;
  newest: number;
  /** By our clock. */
  heard: number;
  /** By the number of the interval: its beginning divided by its length. */
  readonly open: Map<number, NodeInterval>;
  /** The newest sample of each container that has one in what is open. */
  readonly lastTimes: Map<string, number>;
}

/** So long after its last answer a node's agent has nothing left that would make its interval whole. */
const SILENT_MS = 75_000;
/** Samples that are older by more than what was written tell of a clock that was set back. */
const SET_BACK_MS = 75_000;

/**
 * Adds samples up, interval by interval. A row stands at the end of its interval, and only once all
 * of it is known: it is never written a second time. Where the beginning or the end of an interval is
 * not known, because this program or the node began or ended within it, the row stands at the time of
 * its last sample, so that it never takes the place of a better one.
 */
export class Intervals {
  readonly #settings: IntervalSettings;
  readonly #nodes = new Map<string, NodeTime>();
  /** Until when the nodes that have fallen silent were written. */
  readonly #silent = new Map<string, number>();
  readonly #places = new WeakMap<Stretch["container"], { readonly place: Place | undefined }>();
  readonly #cluster: ClusterIntervals;
  /** Samples that came after their interval had been written. */
  late = 0;

  constructor(settings: IntervalSettings) {
    this.#settings = settings;
    this.#cluster = new ClusterIntervals(settings);
  }

  /** Takes a batch in and gives back what is whole with it. */
  take(batch: Batch): Row[] {
    const now = this.#settings.now();
    const rows: Row[] = [];
    for (const [node, stretches] of byNode(batch)) {
      rows.push(...this.#takeNode(node, stretches, now));
    }
    for (const [node, state] of this.#nodes) {
      if (now - state.heard <= SILENT_MS) continue;
      rows.push(...this.#closeAll(state));
      this.#nodes.delete(node);
      // What the node may still tell later is another part of the interval.
      this.#silent.set(node, state.writtenUntil);
    }
    rows.push(
      ...this.#cluster.close([...this.#nodes.values()].map(({ writtenUntil }) => writtenUntil)),
    );
    return rows;
  }

  /** From when on (Unix milliseconds) a node's samples are in no row yet; undefined if none waits. */
  heldSince(node: string): number | undefined {
    const state = this.#nodes.get(node);
    if (state === undefined || state.open.size === 0) return undefined;
    const first = [...state.open.keys()].reduce((a, b) => Math.min(a, b));
    return Math.max(first * this.#settings.resolution, state.writtenUntil);
  }

  /** Ends everything that is open. */
  flush(): Row[] {
    const rows = [...this.#nodes.values()].flatMap((state) => this.#closeAll(state));
    return [...rows, ...this.#cluster.flush()];
  }

  #takeNode(node: string, stretches: readonly Stretch[], now: number): Row[] {
    const state = this.#stateOf(node, stretches, now);
    state.heard = now;
    const newest = stretches
      .map(({ times }) => times.at(-1) ?? Number.NEGATIVE_INFINITY)
      .reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const rows: Row[] = [];
    if (newest < state.writtenUntil - SET_BACK_MS) {
      rows.push(...this.#closeAll(state));
      state.writtenUntil = Number.NEGATIVE_INFINITY;
      state.newest = newest;
      state.since = beginningOf(stretches);
    }
    for (const stretch of stretches) this.#takeStretch(state, stretch);
    return [...rows, ...this.#closeWhole(state)];
  }

  #stateOf(node: string, stretches: readonly Stretch[], now: number): NodeTime {
    const state = this.#nodes.get(node);
    if (state !== undefined) return state;
    const made: NodeTime = {
      since: beginningOf(stretches),
      writtenUntil: this.#silent.get(node) ?? Number.NEGATIVE_INFINITY,
      newest: Number.NEGATIVE_INFINITY,
      heard: now,
      open: new Map(),
      lastTimes: new Map(),
    };
    this.#nodes.set(node, made);
    this.#silent.delete(node);
    return made;
  }

  #takeStretch(state: NodeTime, { node, container, times, intervals, rows }: Stretch): void {
    const { resolution } = this.#settings;
    const newest = times.at(-1) ?? Number.NEGATIVE_INFINITY;
    state.newest = Math.max(state.newest, newest);
    state.lastTimes.set(container.id, newest);
    const place = this.#placeOf(node, container);
    if (place === undefined) return;
    const fresh = times.findIndex((time) => time >= state.writtenUntil);
    const first = fresh === -1 ? times.length : fresh;
    this.late += first;
    for (let from = first, to = first; from < times.length; from = to) {
      const number = Math.floor((times[from] ?? 0) / resolution);
      while (to < times.length && Math.floor((times[to] ?? 0) / resolution) === number) to++;
      const time = { start: number * resolution, length: resolution };
      const interval = state.open.get(number) ?? new NodeInterval(time);
      state.open.set(number, interval);
      interval.add(container, place, { times, intervals, rows, from, to });
    }
  }

  #placeOf(node: string, container: Stretch["container"]): Place | undefined {
    let found = this.#places.get(container);
    if (found === undefined) {
      found = { place: placeOf({ node, container }, this.#settings) };
      this.#places.set(container, found);
    }
    return found.place;
  }

  /** What lies before its newest sample is whole: an answer always tells of whole passes. */
  #closeWhole(state: NodeTime): Row[] {
    const { resolution } = this.#settings;
    const whole = [...state.open.keys()].filter(
      (number) => (number + 1) * resolution <= state.newest,
    );
    return whole.toSorted((a, b) => a - b).flatMap((number) => this.#close(state, number, true));
  }

  #closeAll(state: NodeTime): Row[] {
    const numbers = [...state.open.keys()].toSorted((a, b) => a - b);
    return numbers.flatMap((number) => this.#close(state, number, false));
  }

  #close(state: NodeTime, number: number, hasEnd: boolean): Row[] {
    const { resolution } = this.#settings;
    const interval = state.open.get(number);
    if (interval === undefined) return [];
    state.open.delete(number);
    const [start, end] = [number * resolution, (number + 1) * resolution];
    const isWhole = hasEnd && state.since <= start;
    const time = isWhole ? end : Math.floor(interval.newest);
    const { rows, groups } = interval.close(time, (id) => (state.lastTimes.get(id) ?? 0) >= end);
    // Half a millisecond more than the newest sample: that one is not to come again.
    state.writtenUntil = hasEnd ? end : interval.newest + 0.0005;
    if (!hasEnd) state.since = state.writtenUntil;
    for (const [id, last] of state.lastTimes) if (last < end) state.lastTimes.delete(id);
    this.#cluster.add(number, groups, isWhole);
    return rows;
  }
}

/** Unix milliseconds from which on stretches tell; where a first sample has no interval its own time. */
function beginningOf(stretches: readonly Stretch[]): number {
  return stretches
    .map(({ times, intervals }) => (times[0] ?? Number.POSITIVE_INFINITY) - (intervals[0] || 0))
    .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function byNode(batch: Batch): Map<string, Stretch[]> {
  const nodes = new Map<string, Stretch[]>();
  for (const stretch of batch) {
    const stretches = nodes.get(stretch.node);
    if (stretches === undefined) nodes.set(stretch.node, [stretch]);
    else stretches.push(stretch);
  }
  return nodes;
}
