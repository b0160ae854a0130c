import { systemClock } from "../lib/clock.ts";
import type { Hierarchies } from "./cgroup/hierarchy.ts";
import { allCollectors } from "./collectors/all.ts";
import { type AgentConfig, isDisabled, isExposed, runtimeSettingsOf } from "./config.ts";
import { enginePlaces } from "./diagnostics/engine-places.ts";
import type { Scene } from "./diagnostics/scene.ts";
import type { Kernel } from "./open-kernel.ts";
import type { Sampling } from "./start-sampling.ts";

/** Wall clock less monotonic clock when this program began. */
const CLOCK_OFFSET = systemClock.now() - systemClock.monotonic();

/** What has been opened of the host. */
interface Opened {
  readonly hierarchies: Hierarchies | undefined;
  readonly kernel?: Kernel;
  readonly sampling?: Sampling;
  /** Where an agent would listen; left out by an agent that does. */
  readonly listen?: string;
}

/** What the checks look at, by the agent's settings. */
export function sceneOf(config: AgentConfig, opened: Opened): Scene {
  const { hierarchies, kernel, sampling, listen } = opened;
  const exposed = new Set(allCollectors.filter(({ group }) => isExposed(group, config)));
  return {
    node: config.node,
    procRoot: config["proc.root"],
    sysRoot: config["sys.root"],
    cgroupRoot: config["cgroup.root"],
    rootfs: config.rootfs,
    kmsgPath: config["kmsg.path"],
    hierarchies,
    engines: enginesOf(config, sampling),
    sampling:
      kernel === undefined || sampling === undefined
        ? undefined
        : {
            host: kernel.host,
            absences: kernel.absences,
            sampled: () => [...sampling.window.live].filter(({ ring }) => ring.length > 0),
          },
    wanted(collector) {
      if (exposed.has(collector)) return "everywhere";
      return collector.isForStats === true && !isDisabled(collector.group, config) ? "stats" : "no";
    },
    asksFor: {
      perf: config["perf.events.config"] !== undefined && isExposed("perf_event", config),
      resctrl: config["resctrl.interval"] > 0 && isExposed("resctrl", config),
    },
    stores: [config["docker.root"], config["podman.root"]],
    listen,
    clock: systemClock,
    clockOffset: CLOCK_OFFSET,
  };
}

function enginesOf(config: AgentConfig, sampling: Sampling | undefined): Scene["engines"] {
  const healthOf = (name: string) => () =>
    sampling?.runtimes.find((runtime) => runtime.name === name)?.health ?? "absent";
  return enginePlaces(runtimeSettingsOf(config)).map((place) => ({
    ...place,
    health: healthOf(place.name),
  }));
}
