import type { Logger } from "../lib/log.ts";
import type { Container } from "../wire/container.ts";
import { LIFE_TYPES } from "../wire/events/event.ts";
import { cgroupAt } from "./cgroup/cgroup.ts";
import { engineIdOf } from "./cgroup/engine-id.ts";
import type { Hierarchies } from "./cgroup/hierarchy.ts";
import { containerIdOf, EventCounts } from "./inventory/event-counts.ts";
import type { Inventory } from "./inventory/inventory.ts";
import { type Kmsg, openKmsg, unreadableKmsg } from "./oom/kmsg.ts";
import { pathsAbove } from "./oom/ledger.ts";
import { OomWatch } from "./oom/oom-watch.ts";
import type { Events } from "./open-events.ts";
import type { EngineEvent } from "./runtimes/runtime.ts";
import type { PassWatch } from "./window/sampler.ts";
import type { Window } from "./window/window.ts";

/** What kills and events are followed with. */
export interface KillParts {
  readonly hierarchies: Hierarchies;
  readonly inventory: Inventory;
  readonly window: Window;
  readonly kmsg: Kmsg;
  readonly selects: (cgroup: string) => boolean;
  /** Told of everything. */
  readonly events: Events;
}

/** Kills for the lack of memory and what engines tell, counted. */
export interface Kills {
  readonly oom: OomWatch;
  readonly events: EventCounts;
  /** Follows the sampler. */
  readonly watch: PassWatch;
  /** Takes what an engine tells. */
  readonly onEvent: (runtime: string, event: EngineEvent) => void;
}

/** Kills are counted for those above, too. */
const COUNTED: ReadonlySet<string> = new Set(LIFE_TYPES);

/** Opens the kernel's messages, unless the group is off; says once why they can't be read. */
export function openMessages(path: string, isWanted: boolean, logger: Logger): Kmsg {
  const kmsg = isWanted ? openKmsg(path) : unreadableKmsg("off");
  if (kmsg.unreadable !== undefined && isWanted) {
    logger.info(
      { path, reason: kmsg.unreadable },
      "cannot read the kernel's messages, so a kill for the lack of memory may be missed where its cgroup goes within the second",
    );
  }
  return kmsg;
}

/** Joins what the kernel's files, its messages and the engines tell. */
export function followKills(kills: KillParts): Kills {
  const { hierarchies, inventory, window, kmsg, selects, events: told } = kills;
  const events = new EventCounts();
  told.onTold((type, container) => {
    if (COUNTED.has(type)) events.add(type, container);
  });
  const oom = new OomWatch(
    kmsg,
    {
      isHierarchical: cgroupAt(hierarchies, "/").controller("memory")?.version === 2,
      isShown: selects,
      isKept: (cgroup) => inventory.has(engineIdOf(cgroup) ?? ""),
    },
    (engineId) => cgroupOf(window, engineId),
  );
  const describe = (path: string): Container =>
    window.get(path)?.container ?? inventory.describe(path);
  oom.ledger.onKill((kill) => {
    const paths = [kill.cgroup, ...pathsAbove(kill.cgroup)];
    // An inner cgroup is a piece of its container.
    const path = paths.find((each) => containerIdOf(each) !== undefined) ?? kill.cgroup;
    const known = describe(path);
    // Of one that went at once only its events have told who it was.
    const container = known.container_id === undefined ? events.containerOf(path) : known;
    told.killed(kill, container ?? known);
    for (const each of paths) events.addOomKill(each, describe(each));
  });
  const watch: PassWatch = {
    beginPass: (time) => oom.beginPass(time),
    came: (cgroup, time) => told.came(cgroup, time),
    gone(cgroup, container, time) {
      events.learn(container);
      told.gone({ ...container, id: cgroup }, time);
      oom.gone(cgroup, container, time);
    },
    endPass(time, isWhole) {
      oom.endPass(time, isWhole);
      told.endPass(time, isWhole);
      events.sweep(time, (engineId) => inventory.has(engineId));
    },
  };
  return {
    oom,
    events,
    watch,
    onEvent(runtime, event) {
      oom.hear(event);
      told.hear(runtime, event);
    },
  };
}

/** The cgroup that a container has, or had within the window. */
function cgroupOf(window: Window, engineId: string): string | undefined {
  for (const { cgroup } of window.all()) {
    if (engineIdOf(cgroup.id) === engineId) return cgroup.id;
  }
  return undefined;
}
