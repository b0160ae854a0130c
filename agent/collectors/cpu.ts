import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFile } from "../cgroup/kernel-files.ts";
import { KeyedFile } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const USAGE = columnOf(cpuMetrics.usage);
const USER = columnOf(cpuMetrics.user);
const SYSTEM = columnOf(cpuMetrics.system);
const PERIODS = columnOf(cpuMetrics.periods);
const THROTTLED_PERIODS = columnOf(cpuMetrics.throttledPeriods);
const THROTTLED = columnOf(cpuMetrics.throttled);

const NANOSECONDS_IN_MICROSECOND = 1000;

/** `cpuacct.stat` counts in USER_HZ, which is 100 on every architecture that Linux gives to users. */
const NANOSECONDS_IN_TICK = 1e7;

/** https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html */
const cpuacctStat = new KeyedFile(["user", "system"]);

/** https://docs.kernel.org/scheduler/sched-bwc.html#statistics */
const cpuStatV1 = new KeyedFile(["nr_periods", "nr_throttled", "throttled_time"]);

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
const cpuStatV2 = new KeyedFile([
  "usage_usec",
  "user_usec",
  "system_usec",
  "nr_periods",
  "nr_throttled",
  "throttled_usec",
]);

function openV1(accounting: string, cpu: string | undefined, { files }: Host): Probe | undefined {
  const usage = files.keep(join(accounting, "cpuacct.usage"));
  const stat = files.keep(join(accounting, "cpuacct.stat"));
  if (usage === undefined && stat === undefined) return undefined;
  let throttling: KernelFile | undefined;
  return {
    read(row, limits) {
      row[USAGE] = files.number(usage);
      const times = files.keyed(stat, cpuacctStat);
      if (times !== undefined) {
        row[USER] = (times[0] ?? Number.NaN) * NANOSECONDS_IN_TICK;
        row[SYSTEM] = (times[1] ?? Number.NaN) * NANOSECONDS_IN_TICK;
      }
      // Without a quota there is nothing to throttle, and no file to read.
      if (limits.cpu_cores === null || cpu === undefined) return;
      // Not before: v1 makes a cgroup in one hierarchy after the other, and this may come last.
      throttling ??= files.keep(join(cpu, "cpu.stat"));
      const throttled = files.keyed(throttling, cpuStatV1);
      if (throttled === undefined) return;
      row[PERIODS] = throttled[0] ?? Number.NaN;
      row[THROTTLED_PERIODS] = throttled[1] ?? Number.NaN;
      row[THROTTLED] = throttled[2] ?? Number.NaN;
    },
    close() {
      for (const file of [usage, stat, throttling]) files.release(file);
    },
  };
}

function openV2(directory: string, { files }: Host): Probe | undefined {
  const stat = files.keep(join(directory, "cpu.stat"));
  if (stat === undefined) return undefined;
  return {
    read(row, limits) {
      const values = files.keyed(stat, cpuStatV2);
      if (values === undefined) return;
      row[USAGE] = (values[0] ?? Number.NaN) * NANOSECONDS_IN_MICROSECOND;
      row[USER] = (values[1] ?? Number.NaN) * NANOSECONDS_IN_MICROSECOND;
      row[SYSTEM] = (values[2] ?? Number.NaN) * NANOSECONDS_IN_MICROSECOND;
      if (limits.cpu_cores === null) return;
      row[PERIODS] = values[3] ?? Number.NaN;
      row[THROTTLED_PERIODS] = values[4] ?? Number.NaN;
      row[THROTTLED] = (values[5] ?? Number.NaN) * NANOSECONDS_IN_MICROSECOND;
    },
    close() {
      files.release(stat);
    },
  };
}

/** CPU time and throttling. */
export const cpu: Collector = {
  name: "cpu",
  group: "cpu",
  metrics: Object.values(cpuMetrics),
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const accounting = cgroup.controller("cpuacct") ?? cgroup.controller("cpu");
    if (accounting === undefined) return undefined;
    return accounting.version === 2
      ? openV2(accounting.directory, host)
      : openV1(accounting.directory, cgroup.controller("cpu")?.directory, host);
  },
};
