import { Journal } from "../lib/journal/journal.ts";
import { openSegments } from "../lib/journal/open-segments.ts";
import { pack, type Packed } from "../lib/journal/packed.ts";
import type { Segments } from "../lib/journal/segments.ts";
import type { Logger } from "../lib/log.ts";
import { type Container, NO_LIMITS } from "../wire/container.ts";
import type { EventLog } from "../wire/events/log.ts";
import { groupsOf } from "../wire/groups.ts";
import { CgroupEvents } from "./events/cgroup-events.ts";
import { HeardBefore } from "./events/heard-before.ts";
import { LifeEvents } from "./events/life-events.ts";
import { MissedEnds } from "./events/missed-ends.ts";
import { momentsOf } from "./events/moments.ts";
import { Narrator, type NarratorParts } from "./events/narrator.ts";
import { ThresholdEvents, type Thresholds } from "./events/threshold-events.ts";
import type { Beside, Inventory } from "./inventory/inventory.ts";
import type { OomKill } from "./oom/ledger.ts";
import type { EngineEvent } from "./runtimes/runtime.ts";
import type { Tracked } from "./window/tracked.ts";
import type { Window } from "./window/window.ts";

/** What events are told of and where they are kept. */
export interface EventParts {
  readonly node: string;
  /** Empty: only in memory. */
  readonly directory: string;
  readonly maxBytes: number;
  readonly thresholds: Thresholds;
  readonly inventory: Inventory;
  readonly window: Window;
  readonly now: () => number;
  readonly logger: Logger;
}

const DAY_MS = 86_400_000;
const MOST_EVENTS = 100_000;

/** Everything that tells events, in one. */
export interface Events {
  readonly log: EventLog;
  readonly segments: Segments | undefined;
  /** Events put down since the start. */
  readonly count: number;
  /** A cgroup was found, has gone, or one of its processes was killed. */
  came(cgroup: string, time: number): void;
  gone(container: Container, time: number): void;
  killed(kill: OomKill, container: Container): void;
  hear(runtime: string, event: EngineEvent): void;
  /** What an engine is asked for again, and who looks at its lists for what it has not told. */
  beside(runtime: string, tell: (event: EngineEvent) => void): Beside;
  /** Calls back with the type of each event that is about a container. */
  onTold(listener: NonNullable<NarratorParts["told"]>): void;
  endPass(time: number, isWhole: boolean): void;
  close(): Promise<void>;
}

/** Opens the log and all that writes into it. */
export async function openEvents(parts: EventParts): Promise<Events> {
  const { inventory, window, now } = parts;
  const limits = { maxEvents: MOST_EVENTS, maxAge: DAY_MS };
  const { segments, release } = await openSegments({ ...parts, ...limits });
  const log: EventLog = new Journal({ startedAt: now(), segments });
  let count = 0;
  log.subscribe(() => count++);
  const listeners: NonNullable<NarratorParts["told"]>[] = [];
  const freeze: NarratorParts["freeze"] = (...moment) => frozen(window, ...moment);
  const told: NarratorParts["told"] = (...news) => listeners.forEach((tell) => tell(...news));
  const narrator = new Narrator({ ...parts, log, freeze, told });
  const containerOf = lookUp(window);
  const before = await HeardBefore.read(log, now());
  const lives = new LifeEvents(narrator, now, containerOf, (...news) => isOld(before, ...news));
  const missed: MissedEnds[] = [];
  const cgroups = new CgroupEvents(narrator);
  const thresholds = new ThresholdEvents(window, narrator, parts.thresholds);
  const inMemory = { reason: "events are kept in memory only" };
  narrator.tell("agent_started", undefined, segments === undefined ? inMemory : {});
  const describe = (cgroup: string): Container =>
    window.get(cgroup)?.container ?? inventory.describe(cgroup);
  return {
    log,
    segments,
    get count() {
      return count;
    },
    came: (cgroup, time) => cgroups.came(describe(cgroup), time),
    gone: (container, time) => cgroups.gone(container, time),
    killed(kill, container) {
      cgroups.killed(container, kill);
      const { container_id: engineId } = container;
      if (engineId !== undefined) lives.killed(engineId, kill.time);
    },
    beside(runtime, tell) {
      const ends = new MissedEnds(before.lives(runtime), now, tell);
      missed.push(ends);
      return besideOf(ends, before.since(runtime));
    },
    onTold: (listener) => listeners.push(listener),
    hear(runtime, event) {
      cgroups.hear(event);
      const container = containerOf(event.id) ?? fromEvent(runtime, event, inventory);
      // The engine tells the newest name before it is asked for the rest.
      lives.hear(event, event.name === "" ? container : { ...container, name: event.name });
    },
    endPass(time, isWhole) {
      cgroups.endPass(time);
      for (const each of missed) each.endPass(time);
      lives.endPass(time, isWhole);
      thresholds.endPass(time);
    },
    async close() {
      lives.close();
      narrator.tell("agent_stopped", undefined, {});
      await segments?.close();
      await release?.();
    },
  };
}

function besideOf(ends: MissedEnds, since: number | undefined): Beside {
  return {
    since,
    upsert: (container) => ends.upsert(container),
    retain: (ids) => ends.retain(ids),
    heard: (event) => ends.hear(event),
  };
}

/** Whether an earlier run has told it, or had reason not to: a check of the health that changed nothing. */
function isOld(
  before: HeardBefore,
  { container_id: engineId = "", runtime = "" }: Container,
  type: string,
  time: number,
): boolean {
  return (
    before.has(engineId, type, time) ||
    (type === "health_changed" && before.isPassed(runtime, time))
  );
}

/** By the path it is the same cgroup, but one that was made later has no samples of that time. */
function frozen(window: Window, { id, container_id }: Container, time: number): Packed | undefined {
  for (const { cgroup, container, ring } of window.all()) {
    const isSame = cgroup.id === id || (container_id ?? "") === container.container_id;
    const moments = isSame ? momentsOf(ring, container.limits, time) : undefined;
    if (moments !== undefined) return pack(moments);
  }
  return undefined;
}

/**
 * Finds a container by its engine's id, of those that exist or went within the window. An engine may tell
 * thousands of events in a second: all are gone through only when there are others.
 */
function lookUp(window: Window): (engineId: string) => Container | undefined {
  let index = new Map<string, Tracked>();
  let [tick, size] = [Number.NaN, 0];
  return (engineId) => {
    if (tick !== window.tick || size !== window.size) {
      [tick, size] = [window.tick, window.size];
      index = byEngineId(window);
    }
    return index.get(engineId)?.container;
  };
}

function byEngineId(window: Window): Map<string, Tracked> {
  const index = new Map<string, Tracked>();
  for (const tracked of window.all()) {
    const { container_id: engineId } = tracked.container;
    // Those that exist come first.
    if (engineId !== undefined && !index.has(engineId)) index.set(engineId, tracked);
  }
  return index;
}

/** Of a container without a cgroup, yet or any more, its engine or at least the event tells. */
function fromEvent(runtime: string, event: EngineEvent, inventory: Inventory): Container {
  const { id, name, image } = event;
  const known = inventory.engineContainer(id);
  const labels = known?.labels ?? event.labels ?? {};
  const container = { id, container_id: id, name, image, runtime, limits: NO_LIMITS };
  return { ...container, labels, groups: groupsOf(labels) };
}
