import type { Clock } from "../../lib/clock.ts";
import { Journal } from "../../lib/journal/journal.ts";
import { openSegments, type OwnSegments } from "../../lib/journal/open-segments.ts";
import { pack } from "../../lib/journal/packed.ts";
import type { Logger } from "../../lib/log.ts";
import type { Event, NewEvent } from "../../wire/events/event.ts";
import type { EventLog } from "../../wire/events/log.ts";
import type { Placed } from "../model/level.ts";
import type { Agent, Measured } from "./agent.ts";
import type { EventCounters } from "./counters.ts";
import { Followers } from "./followers.ts";
import { type NodeTurn, NodeWatch } from "./node-watch.ts";
import { Orchestrators } from "./orchestrators.ts";
import { remember, type Remembered } from "./remembered.ts";
import { Reorder } from "./reorder.ts";
import { type ServiceNews, ServiceWatch } from "./service-watch.ts";
import { TaskWatch } from "./task-watch.ts";

/** What events are gathered from, and where they are kept. */
export interface ClusterEventsOptions {
  readonly clusterName: string;
  /** Empty: only in memory. */
  readonly directory: string;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Every agent that is asked. */
  readonly agents: () => readonly Agent[];
  /** The newest samples of nodes. */
  readonly measured: () => Iterable<Measured>;
  /** Every container that runs. */
  readonly running: () => Iterable<Placed>;
  readonly counters: EventCounters;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MOST_EVENTS = 500_000;
/** Events of different nodes are put into order within it; everybody's events are late by it. */
const REORDER_MS = 100;
const LOOK_MS = 250;
/** Services are looked at less often, as all containers are gone through. */
const SERVICE_LOOKS = 8;
/** A service that does not change for so long has settled. */
const SETTLE_MS = 5000;
/** After that an agent that has not been asked yet is not waited for. */
const FIRST_ROUND_MS = 30_000;

/** The events of the whole cluster: those of all agents, and what only shows from above. */
export class ClusterEvents {
  readonly log: EventLog;
  /** Who tells what becomes of services, where discoveries know somebody. */
  readonly orchestrators: Orchestrators;
  readonly #options: ClusterEventsOptions;
  readonly #kept: OwnSegments;
  readonly #remembered: Remembered;
  readonly #nodes: NodeWatch;
  readonly #services: ServiceWatch;
  readonly #tasks = new TaskWatch();
  readonly #followers: Followers;
  readonly #reorder: Reorder;
  readonly #startedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #flush: NodeJS.Timeout | undefined;
  #looks = 0;

  /** Opens the log and goes on where it ends. */
  static async open(options: ClusterEventsOptions): Promise<ClusterEvents> {
    const { directory, maxBytes, maxAge, clock, logger } = options;
    const now = (): number => clock.now();
    const limits = { maxEvents: MOST_EVENTS, maxAge, maxBytes };
    const kept = await openSegments({ directory, ...limits, now, logger });
    return new ClusterEvents(options, kept, await remember(kept.segments));
  }

  private constructor(options: ClusterEventsOptions, kept: OwnSegments, remembered: Remembered) {
    const { clusterName, clock, counters, logger } = options;
    this.#options = options;
    this.#kept = kept;
    this.#remembered = remembered;
    this.#startedAt = clock.now();
    this.log = new Journal({ startedAt: this.#startedAt, segments: kept.segments });
    this.#nodes = new NodeWatch(remembered.nodes, this.#startedAt);
    this.#services = new ServiceWatch(clusterName, () => this.#settle(), remembered.counts);
    this.#reorder = new Reorder(REORDER_MS, ({ event, moments }) => {
      this.log.append(event, moments);
      counters.told(event.type);
    });
    this.orchestrators = new Orchestrators((event) => this.#push(event), {
      count: (group) => remembered.counts.get(group),
      has: (mark) => remembered.marks.has(mark),
    });
    this.#followers = new Followers({
      logger,
      lastId: (node) => remembered.positions.get(node) ?? "",
      take: (event) => this.#take(event),
      refused: (node) => counters.refused(node),
      gap: (node) => {
        counters.gap(node);
        logger.warn({ node }, "an agent no longer has all of its events that we have missed");
      },
    });
  }

  /** Begins to follow and to look. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  /** How each node is that is asked. */
  nodes(): ReadonlyMap<string, NodeTurn> {
    return this.#nodes.states();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.orchestrators.close();
    await this.#followers.close();
    clearTimeout(this.#flush);
    this.#reorder.flush(Number.POSITIVE_INFINITY);
    await this.#kept.segments?.close();
    await this.#kept.release?.();
  }

  #take({ id, moments, ...event }: Event): void {
    this.#remembered.positions.set(event.node, id);
    this.#push({ source_id: id, ...event }, moments === undefined ? undefined : pack(moments));
  }

  #push(event: NewEvent, moments?: string): void {
    this.#reorder.push({ event, moments }, performance.now());
    this.#flush ??= setTimeout(() => this.#flushDue(), REORDER_MS);
  }

  #flushDue(): void {
    this.#flush = undefined;
    this.#reorder.flush(performance.now());
    if (this.#reorder.size > 0) this.#flush = setTimeout(() => this.#flushDue(), REORDER_MS / 4);
  }

  #look(): void {
    const { agents: ask, measured, clock } = this.#options;
    const agents = ask();
    const now = clock.now();
    const time = new Date(now).toISOString();
    for (const news of this.#nodes.look(agents, now)) this.#push({ time, ...news });
    for (const news of this.#nodes.lookAtSamples(measured(), now)) this.#push({ time, ...news });
    this.#followers.set(agents);
    if (this.#looks++ % SERVICE_LOOKS === 0) this.#lookAtServices(agents, now);
  }

  #lookAtServices(agents: readonly Agent[], now: number): void {
    const { haveBegun } = this.orchestrators;
    const isFirstRound = !haveBegun || agents.some(({ health }) => health === "unknown");
    if (agents.length === 0 || (isFirstRound && now - this.#startedAt < FIRST_ROUND_MS)) return;
    const running = [...this.#options.running()];
    const time = new Date(now).toISOString();
    const seen = [...this.#tasks.look(running), ...this.#services.look(running, now)];
    for (const news of seen) if (!this.#isToldBetter(news)) this.#push({ time, ...news });
  }

  /** Who scales a service knows it better than who counts its containers. */
  #isToldBetter({ type, details: { group } }: ServiceNews): boolean {
    return group !== undefined && this.orchestrators.tells(type, group);
  }

  /** Nodes are asked one after the other: what has changed at once is seen within an interval. */
  #settle(): number {
    const intervals = this.#options.agents().map(({ interval }) => interval);
    return Math.max(SETTLE_MS, 1.5 * intervals.reduce((a, b) => Math.max(a, b), 0));
  }
}
