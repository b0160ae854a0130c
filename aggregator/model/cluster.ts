import type { Container } from "../../wire/container.ts";
import { decodeSamples, type FeedContainer, type Machine, mapColumns } from "../../wire/feed.ts";
import { allMetrics } from "../../wire/metrics/all.ts";
import type { Subject } from "../../wire/stats/answer.ts";
import { type Batch, sizeOf, type StoredUntil, type Stretch } from "./batch.ts";
import type { Cursor, StoredCursors } from "./cursor.ts";
import type { Feed } from "./feed.ts";
import { type Known, knownOf } from "./known.ts";
import { LevelCounters } from "./level-counters.ts";
import { Member } from "./member.ts";

/**
 * Why seconds are missing: the agent was started anew, it was not reached for longer than it keeps
 * them, or we did not run.
 */
export type GapCause = "agent_restarted" | "not_reached" | "not_running";

/** A stretch of time that nobody can tell about any more. */
export interface Gap {
  readonly cause: GapCause;
  /** Unix milliseconds. */
  readonly start: number;
  readonly end: number;
}

/** What an answer of an agent came to. */
export interface Applied {
  readonly batch: Batch;
  readonly samples: number;
  readonly gap?: Gap;
}

/** A node as it was last heard of. */
export interface NodeState {
  readonly node: string;
  readonly machine: Machine;
  readonly intervalSeconds: number;
  /** Unix milliseconds of its newest sample. */
  readonly lastTime: number;
  /** Unix milliseconds, by our clock, of its last answer. */
  readonly heard: number;
  /** Milliseconds between its last two answers. */
  readonly cadence: number;
}

/** A container that runs or has lately ended. */
export interface RecentSubject extends Subject {
  readonly node: string;
  readonly isRunning: boolean;
}

interface Held extends NodeState {
  /** Since its newest sample something was lost, which the next one will tell how much. */
  readonly isBroken: boolean;
  readonly members: Map<string, Member>;
}

/** A node that has been silent for longer shows no more in what is now. */
const SILENT_MS = 5 * 60_000;
/** A container that lags behind its node by more has ended without anybody saying so. */
const LAGGING_MS = 30_000;
/** The same of a node whose containers are sampled less often, each at a time of its own. */
const LAGGING_INTERVALS = 3;
/** Until a node has answered twice. */
const FIRST_CADENCE_MS = 15_000;

const ourColumns = allMetrics.map((metric) => metric.name);
const NOTHING_STORED: ReadonlyMap<string, number> = new Map();

/** The latest samples of every container of every node. */
export class Cluster {
  readonly #nodes = new Map<string, Held>();
  readonly #stored: StoredUntil;
  /** Up to where each node's samples were handed on; a few bytes for each that was ever heard. */
  readonly #taken: Map<string, Cursor>;
  /** What the groups of each level have used. */
  readonly counters: LevelCounters = new LevelCounters();

  /**
   * The history says what it holds already, so that nothing is kept twice: by cursors, and by times
   * for agents of another life.
   */
  constructor(stored: StoredUntil = new Map(), cursors: StoredCursors = new Map()) {
    this.#stored = stored;
    this.#taken = new Map(cursors);
  }

  /** The containers of a feed that came without their identity, and that we don't know either. */
  strangersIn(feed: Feed): readonly FeedContainer[] {
    const members = this.#nodes.get(feed.head.node)?.members;
    return feed.lines.filter(
      (line) => line.container === undefined && members?.has(line.id) !== true,
    );
  }

  /** Takes in an answer that arrived at `now` (Unix milliseconds). */
  apply(feed: Feed, now: number): Applied {
    const { head } = feed;
    const before = this.#nodes.get(head.node);
    const lastBefore = before?.lastTime ?? this.#storedUntil(head.node);
    const taken = this.#taken.get(head.node);
    const known = knownOf(feed, taken, lastBefore);
    const members = before?.members ?? new Map<string, Member>();
    const batch = this.#takeLines(feed, members, known, now);
    if (known.cursor !== undefined) this.#taken.set(head.node, known.cursor);
    const isWhole = known.isWhole && before?.isBroken !== true;
    this.#nodes.set(head.node, {
      node: head.node,
      machine: head.machine,
      intervalSeconds: head.interval_seconds,
      lastTime: newestOf(batch, lastBefore),
      heard: now,
      cadence: before === undefined ? FIRST_CADENCE_MS : now - before.heard,
      members,
      isBroken: !isWhole && batch.length === 0 && before !== undefined,
    });
    const missing = isWhole
      ? undefined
      : gapBefore(batch, lastBefore, head.interval_seconds * 1000);
    const gap = missing && { ...missing, cause: causeOf(before, taken, known) };
    return { batch, samples: sizeOf(batch), ...(gap === undefined ? {} : { gap }) };
  }

  #takeLines(feed: Feed, members: Map<string, Member>, known: Known, now: number): Batch {
    const { node, columns } = feed.head;
    const isNodeKnown = this.#nodes.has(node);
    const places = mapColumns(columns, ourColumns);
    const batch: Stretch[] = [];
    // What ended comes before what runs: another container may have taken its path since.
    for (const line of feed.lines.toSorted((a, b) => endOf(a) - endOf(b))) {
      const member = this.#memberOf(members, node, line);
      if (member === undefined) continue;
      const samples = decodeSamples(line, places, ourColumns.length);
      const { stretch, fresh } = member.take(node, samples, known);
      this.counters.take({ node, container: member.container, samples: fresh, now, isNodeKnown });
      if (stretch.times.length > 0) batch.push(stretch);
      member.gone = line.gone;
    }
    return batch;
  }

  /** Every node that was heard of in the last five minutes. */
  *nodes(now: number): Iterable<NodeState> {
    for (const held of this.#nodes.values()) if (now - held.heard <= SILENT_MS) yield held;
  }

  /** Every container of the last five minutes, so that nothing is missing in sums over the window. */
  *recent(now: number): Iterable<RecentSubject> {
    for (const held of this.#nodes.values()) {
      if (now - held.heard > SILENT_MS) continue;
      for (const { container, ring, gone, lastTime } of held.members.values()) {
        const isRunning = gone === undefined && held.lastTime - lastTime <= lagOf(held);
        yield { node: held.node, container, ring, isRunning };
      }
    }
  }

  /** Every container that runs now. */
  *subjects(now: number): Iterable<Subject> {
    for (const held of this.#nodes.values()) {
      if (now - held.heard > SILENT_MS) continue;
      for (const { container, ring, gone, lastTime } of held.members.values()) {
        if (gone !== undefined || !(held.lastTime - lastTime <= lagOf(held))) continue;
        yield { node: held.node, container, ring };
      }
    }
  }

  /** Lets go of what has long ended: nobody hands in its samples a second time. */
  forget(now: number): void {
    this.counters.forget(now);
    for (const held of this.#nodes.values()) {
      // The node itself stays, so that its gap is known when it comes back.
      if (now - held.heard > SILENT_MS) held.members.clear();
      for (const [id, member] of held.members) {
        if (held.lastTime - member.lastTime > SILENT_MS) held.members.delete(id);
      }
    }
  }

  #memberOf(members: Map<string, Member>, node: string, line: FeedContainer): Member | undefined {
    let member = members.get(line.id);
    if (member === undefined && line.container !== undefined) {
      member = this.#newMember(node, line.id, line.container);
      members.set(line.id, member);
    }
    if (member !== undefined && line.container !== undefined) member.container = line.container;
    return member;
  }

  #newMember(node: string, id: string, container: Container): Member {
    const stored = (this.#stored.get(node) ?? NOTHING_STORED).get(id);
    return new Member(container, stored ?? Number.NEGATIVE_INFINITY);
  }

  #storedUntil(node: string): number {
    let newest = Number.NEGATIVE_INFINITY;
    for (const time of (this.#stored.get(node) ?? NOTHING_STORED).values()) {
      newest = Math.max(newest, time);
    }
    return newest;
  }
}

function endOf(line: FeedContainer): number {
  return line.gone ?? Number.MAX_SAFE_INTEGER;
}

/** The clock of a node may be set back, so what was before counts only if there is nothing new. */
function newestOf(batch: Batch, before: number): number {
  if (batch.length === 0) return before;
  return Math.max(...batch.map(({ times }) => times.at(-1) ?? Number.NEGATIVE_INFINITY));
}

function lagOf({ intervalSeconds }: NodeState): number {
  return Math.max(LAGGING_MS, LAGGING_INTERVALS * intervalSeconds * 1000);
}

function causeOf(
  before: NodeState | undefined,
  taken: Cursor | undefined,
  { cursor }: Known,
): GapCause {
  if (taken !== undefined && taken.run !== cursor?.run) return "agent_restarted";
  return before === undefined ? "not_running" : "not_reached";
}

/** The time between the last sample of a node and the first new one that nothing covers. */
function gapBefore(
  batch: Batch,
  lastTime: number,
  interval: number,
): Omit<Gap, "cause"> | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (const { times, intervals } of batch) {
    first = Math.min(first, (times[0] ?? first) - (intervals[0] || interval));
  }
  const missing = first - lastTime;
  return Number.isFinite(missing) && missing > interval / 2
    ? { start: lastTime, end: first }
    : undefined;
}
