import { mkdir, stat } from "node:fs/promises";

import { messageOf } from "../lib/errors.ts";
import { claim, type Release } from "../lib/exclusive.ts";
import type { Logger } from "../lib/log.ts";
import { type Container, NO_LIMITS } from "../wire/container.ts";
import { groupsOf } from "../wire/groups.ts";
import { engineIdOf } from "./cgroup/engine-id.ts";
import { CgroupEvents } from "./events/cgroup-events.ts";
import { EventLog } from "./events/event-log.ts";
import { EventSegments } from "./events/event-segments.ts";
import { LifeEvents } from "./events/life-events.ts";
import { momentsOf, type PackedMoments, packMoments } from "./events/moments.ts";
import { Narrator } from "./events/narrator.ts";
import { ThresholdEvents, type Thresholds } from "./events/threshold-events.ts";
import type { Inventory } from "./inventory/inventory.ts";
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
  readonly segments: EventSegments | undefined;
  /** A cgroup was found, has gone, or one of its processes was killed. */
  came(cgroup: string, time: number): void;
  gone(container: Container, time: number): void;
  killed(kill: OomKill): void;
  hear(runtime: string, event: EngineEvent): void;
  endPass(time: number): void;
  close(): Promise<void>;
}

/** Opens the log and all that writes into it. */
export async function openEvents(parts: EventParts): Promise<Events> {
  const { inventory, window, now, node } = parts;
  const { segments, release } = await openSegments(parts);
  const log = new EventLog({ startedAt: now(), segments });
  const freeze = (container: Container): PackedMoments | undefined => frozen(window, container);
  const narrator = new Narrator({ log, node, now, freeze });
  const containerOf = (engineId: string): Container | undefined =>
    trackedOf(window, ({ container }) => container.container_id === engineId)?.container;
  const lives = new LifeEvents(narrator, now, containerOf);
  const cgroups = new CgroupEvents(narrator);
  const thresholds = new ThresholdEvents(window, narrator, parts.thresholds);
  const reason = segments === undefined ? "events are kept in memory only" : undefined;
  narrator.tell("agent_started", undefined, reason === undefined ? {} : { reason });
  const describe = (cgroup: string): Container =>
    window.get(cgroup)?.container ?? inventory.describe(cgroup);
  return {
    log,
    segments,
    came: (cgroup, time) => cgroups.came(describe(cgroup), time),
    gone: (container, time) => cgroups.gone(container, time),
    killed(kill) {
      cgroups.killed(describe(kill.cgroup), kill);
      const engineId = engineIdOf(kill.cgroup);
      if (engineId !== undefined) lives.killed(engineId, kill.time);
    },
    hear(runtime, event) {
      cgroups.hear(event);
      lives.hear(event, containerOf(event.id) ?? fromEvent(runtime, event, inventory));
    },
    endPass(time) {
      cgroups.endPass(time);
      lives.endPass(time);
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

interface Store {
  readonly segments?: EventSegments;
  readonly release?: Release;
}

/** No disk is no reason not to run. */
async function openSegments(parts: EventParts): Promise<Store> {
  const { directory, maxBytes, now, logger } = parts;
  if (directory === "") return {};
  try {
    const limits = { maxEvents: MOST_EVENTS, maxAge: DAY_MS, maxBytes };
    await mkdir(directory, { recursive: true });
    const { dev, ino } = await stat(directory);
    const release = await claim(`events ${dev} ${ino}`);
    if (release === undefined) throw new Error("another agent keeps its events there");
    return { segments: await EventSegments.open({ directory, ...limits, now, logger }), release };
  } catch (error) {
    logger.warn(
      { directory, cause: messageOf(error) },
      "cannot keep events on disk, so a restart forgets them; set events.dir to a folder that can be written, or to nothing",
    );
    return {};
  }
}

function frozen(window: Window, container: Container): PackedMoments | undefined {
  const tracked = trackedOf(window, ({ cgroup }) => cgroup.id === container.id);
  if (tracked === undefined || tracked.ring.length === 0) return undefined;
  return packMoments(momentsOf(tracked.ring, tracked.container.limits));
}

/** Of those that exist or went within the window. */
function trackedOf(window: Window, is: (tracked: Tracked) => boolean): Tracked | undefined {
  for (const tracked of window.all()) if (is(tracked)) return tracked;
  return undefined;
}

/** Of a container without a cgroup, yet or any more, its engine or at least the event tells. */
function fromEvent(runtime: string, event: EngineEvent, inventory: Inventory): Container {
  const { id, name, image } = event;
  const known = inventory.engineContainer(id);
  const labels = known?.labels ?? event.labels ?? {};
  const container = { id, container_id: id, name, image, runtime, limits: NO_LIMITS };
  return { ...container, labels, groups: groupsOf(labels) };
}
