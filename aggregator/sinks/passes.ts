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
}

/** Agents keep a minute: what is older can't be handed in again. */
const MOST_PASSES = 600;

/** When each of an agent's latest passes was, for the marks of sinks that hold samples back. */
export class Passes {
  readonly #nodes = new Map<string, Run>();

  /** Takes in the passes of a batch. */
  take(batch: Batch): void {
    const times = new Map<string, Map<number, number>>();
    for (const { node, until, ticks = [], times: all } of batch) {
      if (until === undefined) continue;
      if (this.#nodes.get(node)?.run !== until.run) {
        this.#nodes.set(node, { run: until.run, passes: [] });
      }
      const ofNode = times.get(node) ?? new Map<number, number>();
      times.set(node, ofNode);
      for (const [index, tick] of ticks.entries()) {
        ofNode.set(tick, Math.max(ofNode.get(tick) ?? 0, all[index] ?? 0));
      }
    }
    for (const [node, ofNode] of times) this.#add(node, ofNode);
  }

  /** The newest pass of a node that was over before a time; undefined if none is known. */
  before(node: string, time: number): NodeMark | undefined {
    const found = this.#nodes.get(node);
    const index = found?.passes.findLastIndex((pass) => pass.time < time) ?? -1;
    const pass = found?.passes[index];
    if (found === undefined || pass === undefined) return undefined;
    // Nobody asks for what is older any more.
    found.passes = found.passes.slice(index);
    return { time: pass.time, cursor: { run: found.run, tick: pass.tick } };
  }

  #add(node: string, times: ReadonlyMap<number, number>): void {
    const run = this.#nodes.get(node);
    if (run === undefined) return;
    const added = [...times].map(([tick, time]) => ({ tick, time }));
    const all = [...run.passes, ...added.toSorted((a, b) => a.tick - b.tick)];
    run.passes = all.slice(-MOST_PASSES);
  }
}
