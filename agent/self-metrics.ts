import { Registry } from "prom-client";

import { observedCounter, observedGauge } from "../lib/observed-metrics.ts";
import { addProcessMetrics } from "../lib/process-metrics.ts";
import type { Reloads } from "../lib/surroundings.ts";
import { addAbsences } from "./absence-metrics.ts";
import type { AppMetrics } from "./app-metrics/app-metrics.ts";
import { addAppMetricsCounters } from "./app-metrics/self.ts";
import type { KernelFiles } from "./cgroup/kernel-files.ts";
import type { Absences } from "./collectors/absences.ts";
import { addEventMetrics } from "./event-metrics.ts";
import { addFilesystemCost } from "./filesystems/cost-metrics.ts";
import type { Filesystems } from "./filesystems/filesystems.ts";
import { addOomMetrics } from "./oom-metrics.ts";
import type { OomWatch } from "./oom/oom-watch.ts";
import type { Events } from "./open-events.ts";
import type { Runtime, RuntimeHealth } from "./runtimes/runtime.ts";
import type { Sampler } from "./window/sampler.ts";
import type { Window } from "./window/window.ts";

/** What the agent tells of itself. */
export interface SelfParts {
  readonly appMetrics: AppMetrics | undefined;
  readonly sampler: Sampler;
  readonly window: Window;
  readonly files: KernelFiles;
  readonly runtimes: readonly Runtime[];
  readonly reloads: Reloads;
  readonly absences: Absences;
  readonly oom: OomWatch;
  readonly events: Events;
  readonly filesystems: Filesystems;
}

const HEALTHS: readonly RuntimeHealth[] = ["absent", "connected", "failing"];

function addSampling(registry: Registry, { sampler: { cost }, window }: SelfParts): void {
  observedCounter(registry, {
    name: "plimsoll_agent_passes_total",
    help: "Sampling passes.",
    read: (tell) => tell(cost.passes),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_missed_passes_total",
    help: "Sampling passes that fell out because the one before took too long.",
    read: (tell) => tell(cost.missed),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_pass_seconds_total",
    help: "Time from the beginning to the end of sampling passes.",
    read: (tell) => tell(cost.passSeconds),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_collector_seconds_total",
    help: "Time spent in each collector.",
    labels: ["collector"],
    read(tell) {
      for (const [collector, seconds] of cost.collectorSeconds) tell(seconds, { collector });
    },
  });
  observedGauge(registry, {
    name: "plimsoll_agent_sampling_delay_seconds",
    help: "How late the last sampling pass began.",
    read: (tell) => tell(cost.lateSeconds),
  });
  observedGauge(registry, {
    name: "plimsoll_agent_cgroups",
    help: "Cgroups being sampled.",
    read: (tell) => tell(window.size),
  });
}

function addFiles(registry: Registry, { files }: SelfParts): void {
  observedCounter(registry, {
    name: "plimsoll_agent_reads_total",
    help: "Kernel files read.",
    read: (tell) => tell(files.reads),
  });
  observedGauge(registry, {
    name: "plimsoll_agent_open_files",
    help: "Kernel files kept open.",
    read: (tell) => tell(files.open),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_failures_total",
    help: "Kernel files that could not be read or understood, by reason.",
    labels: ["reason"],
    read(tell) {
      for (const [reason, count] of files.failures) tell(count, { reason });
    },
  });
}

function addRuntimes(registry: Registry, { runtimes }: SelfParts): void {
  observedGauge(registry, {
    name: "plimsoll_agent_runtime_state",
    help: "How each container engine is reached; 1 for the state that holds.",
    labels: ["runtime", "state"],
    read(tell) {
      for (const { name: runtime, health } of runtimes) {
        for (const state of HEALTHS) tell(Number(health === state), { runtime, state });
      }
    },
  });
  observedCounter(registry, {
    name: "plimsoll_agent_runtime_failures_total",
    help: "Calls to a container engine that failed, by reason.",
    labels: ["runtime", "reason"],
    read(tell) {
      for (const { name: runtime, failures } of runtimes) {
        for (const [reason, count] of failures) tell(count, { runtime, reason });
      }
    },
  });
}

/** The agent's metrics of itself: `plimsoll_agent_*`, and what every program has. */
export function createSelfMetrics(parts: SelfParts): Registry {
  const registry = new Registry();
  addProcessMetrics(registry, parts.reloads);
  addSampling(registry, parts);
  addFiles(registry, parts);
  addRuntimes(registry, parts);
  if (parts.appMetrics !== undefined) addAppMetricsCounters(registry, parts.appMetrics);
  addAbsences(registry, parts.absences);
  addOomMetrics(registry, parts.oom);
  addEventMetrics(registry, parts.events);
  addFilesystemCost(registry, parts.filesystems);
  return registry;
}
