import type { Event } from "../../../wire/events/event.ts";
import type { Batch } from "../../model/batch.ts";
import type { Cursor } from "../../model/cursor.ts";
import type { Stored } from "../../model/stored.ts";

/** Up to where a node's samples were taken. */
export interface NodeMark {
  readonly cursor?: Cursor;
  /** Unix milliseconds of its newest sample. */
  readonly time: number;
}

/** As they are written: by node the time, the agent's run and its pass; the id of the newest event. */
interface WrittenMarks {
  readonly n?: Readonly<Record<string, readonly [time: number, run?: string, tick?: number]>>;
  readonly e?: string;
}

/** A node that was silent for so long has nothing left that a mark could keep from being taken twice. */
const FORGET_MS = 86_400_000;

/** Up to where a sink has taken what there is, so that a restart goes on just there. */
export class Marks implements Stored {
  readonly #nodes = new Map<string, NodeMark>();
  /** The newest event that was taken; undefined if none ever was. */
  lastEventId: string | undefined;

  get nodes(): ReadonlySet<string> {
    return new Set(this.#nodes.keys());
  }

  cursorOf(node: string): Cursor | undefined {
    return this.#nodes.get(node)?.cursor;
  }

  timeOf(node: string): number | undefined {
    return this.newestOf(node);
  }

  newestOf(node: string): number | undefined {
    return this.#nodes.get(node)?.time;
  }

  /** Takes in what a record says; what can't be understood says nothing. */
  merge(mark: string): void {
    if (mark === "") return;
    const written = parseMark(mark);
    for (const [node, [time, run, tick]] of Object.entries(written.n ?? {})) {
      const isCounted = run !== undefined && tick !== undefined;
      this.#nodes.set(node, { time, ...(isCounted ? { cursor: { run, tick } } : {}) });
    }
    this.lastEventId = written.e ?? this.lastEventId;
  }

  /** All of them, empty if there are none; nodes that have long been silent are forgotten. */
  encode(now: number): string {
    if (this.#nodes.size === 0 && this.lastEventId === undefined) return "";
    const n: Record<string, NonNullable<WrittenMarks["n"]>[string]> = {};
    for (const [node, mark] of this.#nodes) {
      if (now - mark.time > FORGET_MS) this.#nodes.delete(node);
      else n[node] = writtenOf(mark);
    }
    return encodeMark({ n, ...(this.lastEventId === undefined ? {} : { e: this.lastEventId }) });
  }
}

/** Up to where a batch goes, by node. */
export function marksIn(batch: Batch): Map<string, NodeMark> {
  const nodes = new Map<string, NodeMark>();
  for (const { node, until, times } of batch) {
    const time = Math.max(nodes.get(node)?.time ?? Number.NEGATIVE_INFINITY, times.at(-1) ?? 0);
    nodes.set(node, { time, ...(until === undefined ? {} : { cursor: until }) });
  }
  return nodes;
}

/** Marks of nodes as they are written. */
export function markOfNodes(nodes: ReadonlyMap<string, NodeMark>): string {
  if (nodes.size === 0) return "";
  return encodeMark({
    n: Object.fromEntries([...nodes].map(([node, mark]) => [node, writtenOf(mark)])),
  });
}

/** Up to where it comes with events, which are in the order of their ids. */
export function markOfEvents(events: readonly Event[]): string {
  const last = events.at(-1);
  return last === undefined ? "" : encodeMark({ e: last.id });
}

function writtenOf({ time, cursor }: NodeMark): readonly [number, string?, number?] {
  return cursor === undefined ? [time] : [time, cursor.run, cursor.tick];
}

function encodeMark(written: WrittenMarks): string {
  return JSON.stringify(written);
}

function parseMark(mark: string): WrittenMarks {
  try {
    // A checksum says that it is what was written.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(mark) as WrittenMarks;
  } catch {
    return {};
  }
}
