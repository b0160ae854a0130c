import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import { processLimitMetrics, processMetrics } from "../../wire/metrics/process.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import { cgroupsBelow } from "../cgroup/inner-cgroups.ts";
import type { KernelFiles } from "../cgroup/kernel-files.ts";
import { countLines } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const USAGE = columnOf(cpuMetrics.usage);
const PROCESSES = columnOf(processMetrics.processes);
const THREADS = columnOf(processMetrics.threads);
const THREADS_MAX = columnOf(processLimitMetrics.threadsMax);

function countIn(list: string, files: KernelFiles): number {
  return files.readOnce(list, true) ? countLines(files.text) : Number.NaN;
}

/** Processes in the cgroups below a directory. */
function countBelow(directory: string, files: KernelFiles): number {
  const inner = cgroupsBelow(directory).map((path) => countIn(join(path, "cgroup.procs"), files));
  // One that has gone meanwhile has none.
  return inner.reduce((sum, count) => sum + (Number.isNaN(count) ? 0 : count), 0);
}

/** Processes and threads. https://docs.kernel.org/admin-guide/cgroup-v2.html#pid-interface-files */
export const process: Collector = {
  name: "process",
  group: "process",
  isForStats: true,
  metrics: [...Object.values(processMetrics), ...Object.values(processLimitMetrics)],
  open(cgroup: Cgroup, { files }: Host): Probe | undefined {
    const place = cgroup.controller("pids");
    if (place === undefined) return undefined;
    const processes = join(place.directory, "cgroup.procs");
    // The root has no `pids.current`.
    const threads = files.keep(join(place.directory, "pids.current"));
    if (threads === undefined && !files.readOnce(processes, true)) return undefined;
    const isContainer = engineIdOf(cgroup.id) !== undefined;
    let count = Number.NaN;
    let threadsBefore = Number.NaN;
    let usageBefore = Number.NaN;
    return {
      read(row, limits) {
        const threadsNow = threads === undefined ? Number.NaN : files.number(threads);
        const usage = row[USAGE] ?? Number.NaN;
        // The list is costly to read. No process begins or ends without CPU time of its cgroup, and
        // one that is moved changes the number of threads.
        if (threadsNow !== threadsBefore || usage !== usageBefore) {
          // Not kept open: v1 shows through an open file, for a second after each read, the old list.
          count = countIn(processes, files);
          // Those of a container may all be in inner cgroups of it, as those of an init system are.
          if (count === 0 && isContainer) count = countBelow(place.directory, files);
          // A list without anyone who is counted is of processes that our own view does not hold.
          if (count === 0 && isContainer && threadsNow > 0) count = Number.NaN;
        }
        threadsBefore = threadsNow;
        usageBefore = usage;
        row[THREADS] = threadsNow;
        // Where threads are counted they can be limited.
        if (threads !== undefined) row[THREADS_MAX] = limits.pids ?? 0;
        row[PROCESSES] = count;
      },
      close() {
        files.release(threads);
      },
    };
  },
};
