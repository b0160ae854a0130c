import { systemClock } from "../lib/clock.ts";
import type { Surroundings } from "../lib/surroundings.ts";
import { selectCgroups } from "./cgroup/selection.ts";
import { allCollectors } from "./collectors/all.ts";
import type { Collector } from "./collectors/collector.ts";
import { type AgentConfig, isDisabled, isExposed, runtimeSettingsOf } from "./config.ts";
import { followDisk } from "./follow-disk.ts";
import { GroupTotals } from "./groups/group-totals.ts";
import { Doubts } from "./inventory/doubts.ts";
import { Inventory } from "./inventory/inventory.ts";
import { followKills, type Kills, openMessages } from "./kills.ts";
import { type EventParts, type Events, openEvents } from "./open-events.ts";
import type { Kernel } from "./open-kernel.ts";
import { createRuntimes } from "./runtimes/all.ts";
import type { Runtime } from "./runtimes/runtime.ts";
import { Sampler } from "./window/sampler.ts";
import { Window } from "./window/window.ts";

/** What goes on once a second, and what it has found. */
export interface Sampling {
  readonly window: Window;
  readonly sampler: Sampler;
  readonly inventory: Inventory;
  readonly runtimes: readonly Runtime[];
  readonly groups: GroupTotals;
  readonly kills: Kills;
  readonly events: Events;
  /** The collectors whose families are on `/metrics`. */
  readonly exposed: readonly Collector[];
}

/** Takes the first sample of everything and goes on by itself; begins to follow the engines. */
export async function startSampling(
  config: AgentConfig,
  kernel: Kernel,
  { parts, logger }: Surroundings,
): Promise<Sampling> {
  const window = openWindow(config);
  const groups = parts.use("groups", new GroupTotals(window));
  const inventory = new Inventory((engineId) => sampler.describeAgain(engineId));
  const selects = selectCgroups({
    containersOnly: config["containers.only"],
    include: config["cgroups.include"],
    excludeRoot: config["root.exclude"],
  });
  const kmsg = openMessages(config["kmsg.path"], !isDisabled("oom_event", config), logger);
  const { hierarchies } = kernel;
  const events = parts.use(
    "events",
    await openEvents({ ...eventSettings(config), inventory, window, logger }),
  );
  const kills = followKills({ hierarchies, inventory, window, kmsg, selects, events });
  parts.use("kmsg", kills.oom);
  const { exposed, sampled } = chooseCollectors(config);
  const runtimes = createRuntimes(runtimeSettingsOf(config), logger);
  const sampler = new Sampler({
    hierarchies,
    collectors: sampled,
    host: { ...kernel.host, kills: kills.oom.ledger, isSampled: selects },
    inventory,
    window,
    clock: systemClock,
    intervalMs: config["interval.seconds"] * 1000,
    selects,
    watches: [kills.watch, new Doubts(inventory, runtimes)],
  });
  parts.use("sampler", sampler);
  await sampler.start();
  for (const runtime of runtimes) {
    parts.use(runtime.name, runtime);
    inventory.follow(
      runtime,
      () => sampler.rescan(),
      (event) => kills.onEvent(runtime.name, event),
      events.beside(runtime.name, (event) => kills.onEvent(runtime.name, event)),
    );
  }
  const disk = parts.use("disk", followDisk(config, inventory, logger));
  logger.info({ cgroups: window.size, hierarchy: hierarchies.mode }, "sampling");
  return {
    window,
    sampler,
    inventory,
    runtimes: [...runtimes, disk],
    groups,
    kills,
    events,
    exposed,
  };
}

function eventSettings(
  config: AgentConfig,
): Pick<EventParts, "node" | "directory" | "maxBytes" | "thresholds" | "now"> {
  const throttled = config["events.throttled.ratio"];
  const pressure = config["events.pressure.ratio"];
  return {
    node: config.node,
    directory: config["events.dir"],
    maxBytes: config["events.max.bytes"],
    thresholds: { throttled, pressure },
    now: () => systemClock.now(),
  };
}

function openWindow(config: AgentConfig): Window {
  const { "window.seconds": seconds, "interval.seconds": interval } = config;
  return new Window(Math.ceil(seconds / interval), seconds * 1000);
}

function chooseCollectors(config: AgentConfig): {
  readonly exposed: readonly Collector[];
  readonly sampled: readonly Collector[];
} {
  const exposed = allCollectors.filter(({ group }) => isExposed(group, config));
  const isForStats = ({ isForStats: is, group }: Collector): boolean =>
    is === true && !isDisabled(group, config);
  const sampled = allCollectors.filter(
    (collector) => exposed.includes(collector) || isForStats(collector),
  );
  return { exposed, sampled };
}
