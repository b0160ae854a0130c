import { type Batch, type StoredUntil, type Stretch } from "./batch.ts";
import { type Cursor, reaches, type StoredCursors } from "./cursor.ts";

/** What a store had when this process began. */
export interface Stored {
  /** The nodes that it knows anything of. */
  readonly nodes: ReadonlySet<string>;
  cursorOf(node: string): Cursor | undefined;
  /** Unix milliseconds of the newest sample of a container; undefined if it knows of none. */
  timeOf(node: string, id: string): number | undefined;
  /** The same of any container of a node. */
  newestOf(node: string): number | undefined;
}

/** Agents keep a minute: what a store lacks besides is lost to it. */
const KEPT_MS = 75_000;

/** The same of a history, which knows each container. */
export function storedOf(until: StoredUntil, cursors: StoredCursors): Stored {
  return {
    nodes: new Set([...until.keys(), ...cursors.keys()]),
    cursorOf: (node) => cursors.get(node),
    timeOf: (node, id) => until.get(node)?.get(id),
    newestOf: (node) => newestIn(until.get(node)?.values() ?? []),
  };
}

/**
 * Up to where every store comes, so that none misses anything that another had already. A store
 * that knows nothing of a node begins with what comes, and so does one that was long away.
 */
export function cursorsOfAll(stores: readonly Stored[]): StoredCursors {
  const oldest = new Map<string, Cursor>();
  for (const node of new Set(stores.flatMap(({ nodes }) => [...nodes]))) {
    const found = oldestCursor(upToDate(stores, node), node);
    if (found !== undefined) oldest.set(node, found);
  }
  return oldest;
}

/** The times of a history, each no newer than what every other store has of the node. */
export function timesOfAll(until: StoredUntil, others: readonly Stored[]): StoredUntil {
  const oldest = new Map<string, ReadonlyMap<string, number>>();
  const stores = [storedOf(until, new Map()), ...others];
  for (const [node, times] of until) {
    const current = upToDate(stores, node);
    const limited = new Map<string, number>();
    for (const [id, time] of times) {
      const all = current.map((store) => store.timeOf(node, id) ?? Number.POSITIVE_INFINITY);
      limited.set(id, all.length === 0 ? time : all.reduce((a, b) => Math.min(a, b)));
    }
    oldest.set(node, limited);
  }
  return oldest;
}

/** The stores that an agent can still bring what they lack of its node. */
function upToDate(stores: readonly Stored[], node: string): Stored[] {
  const knowing = stores.filter(({ nodes }) => nodes.has(node));
  const newest = newestIn(knowing.flatMap((store) => store.newestOf(node) ?? []));
  if (newest === undefined) return knowing;
  return knowing.filter((store) => (store.newestOf(node) ?? newest) >= newest - KEPT_MS);
}

function newestIn(times: Iterable<number>): number | undefined {
  let newest: number | undefined;
  for (const time of times) if (newest === undefined || time > newest) newest = time;
  return newest;
}

/** A clock that goes back by more between two lives of an agent has been set. */
const SAME_CLOCK_MS = 2000;

/**
 * Takes out of the first batch of each node what one store had before this process began. All
 * batches that follow are new to every store.
 */
export class FirstBatches {
  readonly #stored: Stored;
  readonly #waiting: Set<string>;
  readonly #isHolding: boolean;

  /**
   * @param isHolding whether the store's times end before its cursors' next pass: where a sink makes one
   * point of several samples, it may have only a part of the pass that lies across a point's end
   */
  constructor(stored: Stored, isHolding = false) {
    this.#stored = stored;
    this.#isHolding = isHolding;
    this.#waiting = new Set(stored.nodes);
  }

  /** What of a batch the store has not. */
  rest(batch: Batch): Batch {
    if (this.#waiting.size === 0) return batch;
    const first = new Set(batch.map(({ node }) => node).filter((node) => this.#waiting.has(node)));
    if (first.size === 0) return batch;
    for (const node of first) this.#waiting.delete(node);
    const newest = newestTimes(batch, first);
    return batch.flatMap((stretch) => {
      const last = newest.get(stretch.node);
      return last === undefined ? [stretch] : this.#newer(stretch, last);
    });
  }

  #newer(stretch: Stretch, newest: number): Stretch[] {
    const { node, container, until, ticks, times } = stretch;
    const cursor = this.#stored.cursorOf(node);
    const known = this.#stored.timeOf(node, container.id) ?? Number.NEGATIVE_INFINITY;
    const isSetBack = newest < known - SAME_CLOCK_MS;
    if (until !== undefined && cursor?.run === until.run) {
      if (reaches(cursor, until)) return [];
      if (ticks !== undefined) {
        const first = this.#isHolding && !isSetBack ? known : Number.NEGATIVE_INFINITY;
        return cut(
          stretch,
          (index) => (ticks[index] ?? 0) > cursor.tick && (times[index] ?? 0) >= first,
        );
      }
    }
    if (isSetBack) return [stretch];
    return cut(stretch, (index) => (times[index] ?? 0) > known);
  }
}

/** Undefined where the stores know of different lives of the agent, or one of none. */
function oldestCursor(stores: readonly Stored[], node: string): Cursor | undefined {
  let oldest: Cursor | undefined;
  for (const [index, store] of stores.entries()) {
    const cursor = store.cursorOf(node);
    if (cursor === undefined) return undefined;
    if (index > 0 && cursor.run !== oldest?.run) return undefined;
    if (oldest === undefined || cursor.tick < oldest.tick) oldest = cursor;
  }
  return oldest;
}

function newestTimes(batch: Batch, nodes: ReadonlySet<string>): ReadonlyMap<string, number> {
  const newest = new Map<string, number>();
  for (const { node, times } of batch) {
    if (!nodes.has(node)) continue;
    const last = times.at(-1) ?? Number.NEGATIVE_INFINITY;
    newest.set(node, Math.max(newest.get(node) ?? Number.NEGATIVE_INFINITY, last));
  }
  return newest;
}

/** The samples of a stretch at the places that are wanted; none of it if none is. */
function cut(stretch: Stretch, isWanted: (index: number) => boolean): Stretch[] {
  const places = stretch.times.flatMap((_, index) => (isWanted(index) ? [index] : []));
  if (places.length === stretch.times.length) return [stretch];
  if (places.length === 0) return [];
  const pick = <T>(all: readonly T[]): T[] =>
    places.flatMap((index) => {
      const one = all[index];
      return one === undefined ? [] : [one];
    });
  const { ticks, times, intervals, rows } = stretch;
  const kept = { times: pick(times), intervals: pick(intervals), rows: pick(rows) };
  return [{ ...stretch, ...kept, ...(ticks === undefined ? {} : { ticks: pick(ticks) }) }];
}
