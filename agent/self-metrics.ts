import { Counter, Gauge, Registry } from "prom-client";

import { addProcessMetrics } from "../lib/process-metrics.ts";
import { version } from "../lib/version.ts";
import type { KernelFiles } from "./cgroup/kernel-files.ts";
import type { Runtime, RuntimeHealth } from "./runtimes/runtime.ts";
import type { Sampler } from "./window/sampler.ts";
import type { Window } from "./window/window.ts";

/** What the agent tells of itself. */
export interface SelfParts {
  readonly sampler: Sampler;
  readonly window: Window;
  readonly files: KernelFiles;
  readonly runtimes: readonly Runtime[];
}

const HEALTHS: readonly RuntimeHealth[] = ["absent", "connected", "failing"];

type Read = (set: (value: number, labels?: Record<string, string>) => void) => void;

/** A counter whose numbers are kept elsewhere and read when it is asked for. */
function counter(
  registry: Registry,
  name: string,
  help: string,
  labels: string[],
  read: Read,
): void {
  registry.registerMetric(
    new Counter({
      name,
      help,
      labelNames: labels,
      registers: [],
      collect() {
        this.reset();
        read((value, of = {}) => this.inc(of, value));
      },
    }),
  );
}

function gauge(registry: Registry, name: string, help: string, labels: string[], read: Read): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [],
      collect() {
        this.reset();
        read((value, of = {}) => this.set(of, value));
      },
    }),
  );
}

function addSampling(registry: Registry, { sampler, window }: SelfParts): void {
  const { cost } = sampler;
  counter(registry, "plimsoll_agent_passes_total", "Sampling passes.", [], (set) =>
    set(cost.passes),
  );
  counter(
    registry,
    "plimsoll_agent_missed_passes_total",
    "Sampling passes that fell out because the one before took too long.",
    [],
    (set) => set(cost.missed),
  );
  counter(
    registry,
    "plimsoll_agent_pass_seconds_total",
    "Time from the beginning to the end of sampling passes.",
    [],
    (set) => set(cost.passSeconds),
  );
  counter(
    registry,
    "plimsoll_agent_collector_seconds_total",
    "Time spent in each collector.",
    ["collector"],
    (set) => {
      for (const [collector, seconds] of cost.collectorSeconds) set(seconds, { collector });
    },
  );
  gauge(
    registry,
    "plimsoll_agent_sampling_delay_seconds",
    "How late the last sampling pass began.",
    [],
    (set) => set(cost.lateSeconds),
  );
  gauge(registry, "plimsoll_agent_cgroups", "Cgroups being sampled.", [], (set) =>
    set(window.size),
  );
}

function addFiles(registry: Registry, { files }: SelfParts): void {
  counter(registry, "plimsoll_agent_reads_total", "Kernel files read.", [], (set) =>
    set(files.reads),
  );
  gauge(registry, "plimsoll_agent_open_files", "Kernel files kept open.", [], (set) =>
    set(files.open),
  );
  counter(
    registry,
    "plimsoll_agent_failures_total",
    "Kernel files that could not be read or understood, by reason.",
    ["reason"],
    (set) => {
      for (const [reason, count] of files.failures) set(count, { reason });
    },
  );
}

function addRuntimes(registry: Registry, { runtimes }: SelfParts): void {
  gauge(
    registry,
    "plimsoll_agent_runtime_state",
    "How each container engine is reached; 1 for the state that holds.",
    ["runtime", "state"],
    (set) => {
      for (const runtime of runtimes) {
        for (const state of HEALTHS) {
          set(Number(runtime.health === state), { runtime: runtime.name, state });
        }
      }
    },
  );
  counter(
    registry,
    "plimsoll_agent_runtime_failures_total",
    "Calls to a container engine that failed, by reason.",
    ["runtime", "reason"],
    (set) => {
      for (const runtime of runtimes) {
        for (const [reason, count] of runtime.failures)
          set(count, { runtime: runtime.name, reason });
      }
    },
  );
}

/** The agent's metrics of itself: `plimsoll_agent_*`, and `process_*` and `nodejs_*` as usual. */
export function createSelfMetrics(parts: SelfParts): Registry {
  const registry = new Registry();
  addProcessMetrics(registry);
  gauge(registry, "plimsoll_build_info", "The version that runs; always 1.", ["version"], (set) =>
    set(1, { version }),
  );
  addSampling(registry, parts);
  addFiles(registry, parts);
  addRuntimes(registry, parts);
  return registry;
}
