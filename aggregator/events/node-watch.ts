import type { EventDetails } from "../../wire/events/event.ts";
import type { Agent, Measured } from "./agent.ts";

/** How a node is, and since when (Unix milliseconds). */
export interface NodeTurn {
  readonly isUp: boolean;
  readonly since: number;
}

/** Something noticed of a node. */
export interface NodeNews {
  readonly type: "node_down" | "node_up" | "agent_stale";
  readonly node: string;
  readonly details: EventDetails;
}

/** Failures in a row after which a node counts as down. */
const FAILURES = 2;
/** Turns without an answer after which it does so too. */
const TURNS = 2;
/** An answer may be so late without anybody being down. Milliseconds. */
const LEAST_PATIENCE_MS = 3000;
/** So long nothing new may come from an agent that answers. */
const STALE_MS = 10_000;
const STALE_INTERVALS = 3;

interface Sampled {
  readonly lastTime: number;
  /** Unix milliseconds, by our clock, when it was first seen. */
  readonly seen: number;
  readonly isTold: boolean;
}

/** Notices which nodes go and come back. */
export class NodeWatch {
  readonly #turns: Map<string, NodeTurn>;
  readonly #sampled = new Map<string, Sampled>();
  readonly #startedAt: number;
  readonly #heard = new Set<string>();

  /** @param turns how nodes were when this was last known; a node whose turn is the same is no news */
  constructor(turns: Map<string, NodeTurn>, startedAt: number) {
    this.#turns = turns;
    this.#startedAt = startedAt;
  }

  /** How each node is that is asked, or was down when it was last known. */
  states(): ReadonlyMap<string, NodeTurn> {
    return this.#turns;
  }

  /** Looks at all agents; `now` is Unix milliseconds. */
  *look(agents: readonly Agent[], now: number): Generator<NodeNews> {
    for (const agent of agents) {
      const { node } = agent;
      if (node === undefined) continue;
      this.#heard.add(node);
      const silent = silenceOf(agent, now);
      if (silent === undefined) yield* this.#up(node, agent, now);
      else yield* this.#down(node, silent, now);
    }
    yield* this.#missing(agents, now);
  }

  /** Looks at what agents that answer have measured. */
  *lookAtSamples(measured: Iterable<Measured>, now: number): Generator<NodeNews> {
    for (const { node, lastTime, intervalSeconds } of measured) {
      const before = this.#sampled.get(node);
      if (before?.lastTime !== lastTime || this.#turns.get(node)?.isUp !== true) {
        this.#sampled.set(node, { lastTime, seen: now, isTold: false });
        continue;
      }
      const patience = Math.max(STALE_MS, STALE_INTERVALS * intervalSeconds * 1000);
      if (before.isTold || now - before.seen <= patience + this.#cadence) continue;
      this.#sampled.set(node, { ...before, isTold: true });
      const seconds = Math.round((now - before.seen) / 1000);
      const reason = `answers, but has had no new sample for ${seconds} s`;
      yield { type: "agent_stale", node, details: { reason, seconds } };
    }
  }

  /** Two turns of the slowest agent: what came between them is seen no sooner. */
  #cadence = 0;

  *#up(node: string, { lastSuccess, interval }: Agent, now: number): Generator<NodeNews> {
    this.#cadence = Math.max(this.#cadence, TURNS * interval);
    if (lastSuccess === undefined) return;
    const before = this.#turns.get(node);
    if (before?.isUp === true) return;
    this.#turns.set(node, { isUp: true, since: now });
    const details =
      before === undefined
        ? { reason: "answers for the first time" }
        : { reason: "answers again", seconds: Math.max(0, Math.round(now - before.since) / 1000) };
    yield { type: "node_up", node, details };
  }

  *#down(node: string, reason: string, now: number): Generator<NodeNews> {
    // Of a node that never was there nothing is lost.
    if (this.#turns.get(node)?.isUp !== true) return;
    this.#turns.set(node, { isUp: false, since: now });
    yield { type: "node_down", node, details: { reason } };
  }

  /**
   * A node that went while nobody looked: it was up, and now there is somebody who has not answered
   * since we look.
   */
  *#missing(agents: readonly Agent[], now: number): Generator<NodeNews> {
    const strangers = agents.filter(({ node, health }) => node === undefined && health === "down");
    const patience = Math.max(LEAST_PATIENCE_MS, ...agents.map((one) => TURNS * one.interval));
    if (strangers.length === 0 || now - this.#startedAt < patience) return;
    for (const [node, { isUp }] of this.#turns) {
      if (!isUp || this.#heard.has(node)) continue;
      yield* this.#down(node, "has not answered since this aggregator was started", now);
    }
  }
}

/** Why a node counts as down, in words; undefined if it does not. */
function silenceOf(agent: Agent, now: number): string | undefined {
  const { failures, interval, lastSuccess, trouble } = agent;
  const because = trouble === undefined ? "" : `: ${trouble}`;
  if (failures >= FAILURES) return `did not answer ${FAILURES} times in a row${because}`;
  const silent = lastSuccess === undefined ? 0 : now - lastSuccess;
  if (silent <= Math.max(TURNS * interval, LEAST_PATIENCE_MS)) return undefined;
  return `has not answered for ${Math.round(silent / 1000)} s${because}`;
}
