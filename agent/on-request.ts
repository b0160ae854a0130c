import { mkdirSync, rmdirSync } from "node:fs";

import { ConfigError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { KernelFiles } from "./cgroup/kernel-files.ts";
import { Absences } from "./collectors/absences.ts";
import type { Host } from "./collectors/collector.ts";
import { type PerfConfig, readPerfConfig } from "./collectors/perf-config.ts";
import { PerfEvents } from "./collectors/perf-events.ts";
import { ResctrlGroups } from "./collectors/resctrl-groups.ts";
import { type AgentConfig, isExposed } from "./config.ts";
import { type Libc, loadLibc } from "./syscalls/libc.ts";

/** Perf events may have this part of the descriptors. */
const PERF_PART = 0.5;

/** What the operator must ask for, and the reasons why some of it is not there. */
export interface OnRequest {
  readonly parts: Pick<Host, "perf" | "resctrl" | "load">;
  readonly absences: Absences;
}

/** What it is opened with. */
export interface Around {
  readonly config: AgentConfig;
  readonly files: KernelFiles;
  /** How many files may be open. */
  readonly most: number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

/** Opens what settings ask for; loads the C library's calls only then. */
export async function openOnRequest(around: Around): Promise<OnRequest> {
  const { config, monotonic, logger } = around;
  const absences = new Absences(logger);
  const wantsPerf = config["perf.events.config"] !== undefined && isExposed("perf_event", config);
  const perf = wantsPerf ? openPerf(await loadOrExplain(), around, absences) : undefined;
  const resctrl = openResctrl(around, absences);
  const wantsLoad = config["load.reader"] && isExposed("cpuLoad", config);
  return {
    parts: {
      ...(perf === undefined ? {} : { perf }),
      ...(resctrl === undefined ? {} : { resctrl }),
      ...(wantsLoad ? { load: { monotonic } } : {}),
    },
    absences,
  };
}

async function loadOrExplain(): Promise<Libc | Error> {
  try {
    return await loadLibc();
  } catch (error) {
    return new Error(messageOf(error));
  }
}

function openPerf(
  libc: Libc | Error,
  { config, files, most }: Around,
  absences: Absences,
): PerfEvents | undefined {
  const path = config["perf.events.config"];
  if (path === undefined) return undefined;
  if (libc instanceof Error) {
    const detail = messageOf(libc);
    absences.add({ collector: "perf_event", what: "all", reason: "unsupported", detail });
    return undefined;
  }
  return new PerfEvents({
    libc,
    config: readConfigOf(path),
    files,
    sysRoot: config["sys.root"],
    cgroupRoot: config["cgroup.root"],
    absences,
    isPerCpu: isExposed("percpu", config),
    most: Math.floor(most * PERF_PART),
  });
}

function readConfigOf(path: string): PerfConfig {
  try {
    return readPerfConfig(path);
  } catch (error) {
    throw new ConfigError("perf.events.config", path, messageOf(error));
  }
}

function openResctrl({ config, monotonic }: Around, absences: Absences): ResctrlGroups | undefined {
  const seconds = config["resctrl.interval"];
  if (seconds === 0 || !isExposed("resctrl", config)) return undefined;
  const parts = {
    root: `${config["sys.root"]}/fs/resctrl`,
    procRoot: config["proc.root"],
    intervalMs: seconds * 1000,
    monotonic,
    absences,
    make: mkdirSync,
    remove: rmdirSync,
  };
  return ResctrlGroups.isAvailable(parts) ? new ResctrlGroups(parts) : undefined;
}
