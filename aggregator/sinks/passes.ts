import type { Batch } from "../model/batch.ts";
import type { NodeMark } from "./queue/marks.ts";

interface Pass {
  readonly tick: number;
  /** Unix milliseconds of its last sample. */
  readonly time: number;
}

interface Run {
  readonly run: string;
  /** In their order. */
  passes: Pass[];
  /** Nothing of this run was handed in before the first of them. */
  isFromStart: boolean;
}

/** Agents keep a minute: what is older can't be handed in again. Milliseconds. */
const KEPT_MS = 60_000;
const MOST_PASSES = 600;
/** The nodes that were silent for longest go. */
const MOST_NODES = 20_000;
/** A pass that is earlier by more than the one before tells of a clock that was set back. */
const SET_BACK_MS = 75_000;

/** When each of an agent's latest passes was, for the marks of sinks that hold samples back. */
export class Passes {
  readonly #nodes = new Map<string, Run>();

  /** Takes in the passes of a batch. */
  take(batch: Batch): void {
    const times = new Map<string, Map<number, number>>();
    for (const { node, until, ticks = [], times: all } of batch) {
      if (until === undefined) continue;
      const known = this.#nodes.get(node);
      if (known?.run !== until.run) {
        this.#nodes.set(node, { run: until.run, passes: [], isFromStart: true });
      }
      const ofNode = times.get(node) ?? new Map<number, number>();
      times.set(node, ofNode);
      for (const [index, tick] of ticks.entries()) {
        ofNode.set(tick, Math.max(ofNode.get(tick) ?? 0, all[index] ?? 0));
      }
    }
    for (const [node, ofNode] of times) this.#add(node, ofNode);
    for (const node of this.#nodes.keys()) {
      if (this.#nodes.size <= MOST_NODES) break;
      this.#nodes.delete(node);
    }
  }

  /**
   * Where a node's samples have to be handed in again to have all from a time on (Unix milliseconds):
   * behind the pass that it names, and from its time on. Undefined if that is not known.
   */
  before(node: string, since: number): NodeMark | undefined {
    const found = this.#nodes.get(node);
    const newest = found?.passes.at(-1);
    if (found === undefined || newest === undefined) return undefined;
    const { run, passes } = found;
    const time = Math.max(since, newest.time - KEPT_MS);
    const index = lastBefore(passes, time);
    const last = passes[index];
    if (last !== undefined) {
      // Nobody asks for what is older any more.
      found.passes = passes.slice(index);
      found.isFromStart &&= index === 0;
      return { time, cursor: { run, tick: last.tick } };
    }
    const tick = (passes[0]?.tick ?? 0) - 1;
    return found.isFromStart ? { time, cursor: { run, tick } } : undefined;
  }

  /** The newest pass of each node. */
  newest(): Map<string, NodeMark> {
    const nodes = new Map<string, NodeMark>();
    for (const [node, { run, passes }] of this.#nodes) {
      const last = passes.at(-1);
      if (last === undefined) continue;
      nodes.set(node, { time: last.time, cursor: { run, tick: last.tick } });
    }
    return nodes;
  }

  #add(node: string, times: ReadonlyMap<number, number>): void {
    const run = this.#nodes.get(node);
    if (run === undefined) return;
    // The one that was heard of last is the last of them.
    this.#nodes.delete(node);
    this.#nodes.set(node, run);
    const added = [...times].map(([tick, time]) => ({ tick, time }));
    const all = [...run.passes, ...added.toSorted((a, b) => a.tick - b.tick)];
    run.isFromStart &&= all.length <= MOST_PASSES;
    run.passes = all.slice(-MOST_PASSES);
  }
}

/** The place of the last pass that was over before a time, or before the clock was set back; -1 if none was. */
function lastBefore(passes: readonly Pass[], since: number): number {
  let next = Number.POSITIVE_INFINITY;
  return passes.findLastIndex(({ time }) => {
    const isBefore = time < since || time > next + SET_BACK_MS;
    next = time;
    return isBefore;
  });
}
