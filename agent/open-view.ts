import { randomBytes } from "node:crypto";

import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Surroundings } from "../lib/surroundings.ts";
import { SeriesLabels } from "./api/families/series-labels.ts";
import { KeptAnswers } from "./api/kept-answers.ts";
import type { AgentView } from "./api/route.ts";
import type { AppMetrics } from "./app-metrics/app-metrics.ts";
import { type AgentConfig, isExposed } from "./config.ts";
import { Diagnostics } from "./diagnostics/diagnostics.ts";
import { MachineWatch } from "./machine/machine-watch.ts";
import { openAppMetrics } from "./open-app-metrics.ts";
import { sceneOf } from "./open-diagnostics.ts";
import type { Kernel } from "./open-kernel.ts";
import { openRest } from "./open-rest.ts";
import { createSelfMetrics } from "./self-metrics.ts";
import type { Sampling } from "./start-sampling.ts";

/** Sampling is in trouble when so many intervals, and so many seconds, have passed without it. */
const LATE_INTERVALS = 3;
const LATE_SECONDS = 5;

/** Opens what the routes look at. */
export async function openView(
  config: AgentConfig,
  kernel: Kernel,
  sampling: Sampling,
  surroundings: Surroundings,
): Promise<AgentView> {
  const { parts, logger, reloads } = surroundings;
  const { window, runtimes, kills } = sampling;
  const appMetrics = await openAppMetrics(config, { ...sampling, clock: systemClock, logger });
  if (appMetrics !== undefined) parts.use("app-metrics", appMetrics);
  const machines = parts.use("machine", watchMachine(config, logger));
  await machines.start(config["machine.interval"]);
  const labels = new SeriesLabels(
    { include: config["labels.include"], union: config["label.union"] },
    window,
  );
  return {
    ...settingsOf(config),
    run: randomBytes(6).toString("hex"),
    get machine() {
      return machines.current;
    },
    window,
    style: { labelsOf: (container) => labels.of(container), hasTimestamps: config.timestamps },
    labels,
    exposed: sampling.exposed,
    groups: sampling.groups,
    appMetrics,
    isGroupOn: (group) => isExposed(group, config),
    engineVersion: (name) => runtimes.find((runtime) => runtime.name === name)?.engineVersion,
    oom: kills.oom.ledger,
    events: kills.events,
    eventLog: sampling.events.log,
    hasFailed: () =>
      lateness(window.passedMonotonic, config["interval.seconds"]) !== undefined ||
      runtimes.some(({ health }) => health === "failing"),
    answers: new KeptAnswers(window),
    rest: openRest(config, kernel, sampling, parts),
    diagnostics: new Diagnostics(
      sceneOf(config, { hierarchies: kernel.hierarchies, kernel, sampling }),
    ),
    registry: selfMetrics(kernel, sampling, appMetrics, reloads),
  };
}

/** In words, if sampling has stopped; undefined as long as it goes on. */
export function lateness(passedMonotonic: number, intervalSeconds: number): string | undefined {
  const age = (systemClock.monotonic() - passedMonotonic) / 1000;
  const isLate = age > Math.max(LATE_INTERVALS * intervalSeconds, LATE_SECONDS);
  return isLate ? `the last sample is ${age.toFixed(0)} s old` : undefined;
}

function settingsOf(
  config: AgentConfig,
): Pick<
  AgentView,
  "node" | "intervalSeconds" | "windowSeconds" | "metricsPath" | "windowStatistics"
> {
  return {
    node: config.node,
    intervalSeconds: config["interval.seconds"],
    windowSeconds: config["window.seconds"],
    metricsPath: config["metrics.path"],
    windowStatistics: config["window.statistics"],
  };
}

function selfMetrics(
  { host, filesystems, absences }: Kernel,
  { sampler, window, runtimes, kills, events }: Sampling,
  appMetrics: AppMetrics | undefined,
  reloads: Surroundings["reloads"],
): AgentView["registry"] {
  return createSelfMetrics({
    absences,
    oom: kills.oom,
    events,
    sampler,
    window,
    files: host.files,
    runtimes,
    reloads,
    appMetrics,
    filesystems,
  });
}

function watchMachine(config: AgentConfig, logger: Logger): MachineWatch {
  const files = {
    rootfs: config.rootfs,
    procRoot: config["proc.root"],
    sysRoot: config["sys.root"],
    machineIdFiles: config["machine.id.file"],
    bootIdFiles: config["boot.id.file"],
  };
  return new MachineWatch(files, systemClock, logger);
}
