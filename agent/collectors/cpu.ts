import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { cpuBurstMetrics, cpuMetrics } from "../../wire/metrics/cpu.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFile, KernelFiles } from "../cgroup/kernel-files.ts";
import { KeyedFile } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";

const USAGE = columnOf(cpuMetrics.usage);

/** A key of a file, the column that it fills, and how many raw steps of the column one of its own is. */
type Field = readonly [key: string, metric: Metric, scale: number];

const { user, system, periods, throttledPeriods, throttled } = cpuMetrics;
const { burstPeriods, burst } = cpuBurstMetrics;

const NANOSECONDS_IN_MICROSECOND = 1000;

/** `cpuacct.stat` counts in USER_HZ, which is 100 on every architecture that Linux gives to users. */
const NANOSECONDS_IN_TICK = 1e7;

/** How to read a file of `key value` lines. */
interface Format {
  readonly keys: KeyedFile;
  readonly columns: readonly number[];
  readonly scales: readonly number[];
}

function formatOf(fields: readonly Field[]): Format {
  return {
    keys: new KeyedFile(fields.map(([key]) => key)),
    columns: fields.map(([, metric]) => columnOf(metric)),
    scales: fields.map(([, , scale]) => scale),
  };
}

/** https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html */
const timesV1 = formatOf([
  ["user", user, NANOSECONDS_IN_TICK],
  ["system", system, NANOSECONDS_IN_TICK],
]);

/** https://docs.kernel.org/scheduler/sched-bwc.html#statistics */
const quotaV1 = formatOf([
  ["nr_periods", periods, 1],
  ["nr_throttled", throttledPeriods, 1],
  ["throttled_time", throttled, 1],
  ["nr_bursts", burstPeriods, 1],
  ["burst_time", burst, 1],
]);

/** Those that a cgroup has without a quota too; they come first in the format. */
const TIMES_V2: readonly Field[] = [
  ["usage_usec", cpuMetrics.usage, NANOSECONDS_IN_MICROSECOND],
  ["user_usec", user, NANOSECONDS_IN_MICROSECOND],
  ["system_usec", system, NANOSECONDS_IN_MICROSECOND],
];

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
const statV2 = formatOf([
  ...TIMES_V2,
  ["nr_periods", periods, 1],
  ["nr_throttled", throttledPeriods, 1],
  ["throttled_usec", throttled, NANOSECONDS_IN_MICROSECOND],
  ["nr_bursts", burstPeriods, 1],
  ["burst_usec", burst, NANOSECONDS_IN_MICROSECOND],
]);

function write(row: Row, format: Format, values: Float64Array, count = values.length): void {
  for (let place = 0; place < count; place++) {
    const value = (values[place] ?? Number.NaN) * (format.scales[place] ?? Number.NaN);
    row[format.columns[place] ?? -1] = value;
  }
}

function keepValues(kept: Float64Array, values: Float64Array | undefined): void {
  if (values === undefined) kept.fill(Number.NaN);
  else kept.set(values);
}

/**
 * How many intervals in a row must pass without CPU time and without another enforcement period
 * before `cpu.stat` is not read again.
 *
 * A standstill alone is not enough: the kernel goes on counting periods until one has passed unused,
 * and a cgroup that has used far more than its quota waits, throttled, for several of them. Both
 * take another period each time, and none is longer than 1 s. So two intervals without one, of 1 s
 * or more, say that none is counted any more; the third is for samples that are not quite on time.
 */
const SETTLED_AFTER = 3;

/** The `cpu.stat` of v1, which is there for the quota alone. */
class Throttling {
  readonly #files: KernelFiles;
  readonly #path: string;
  #file: KernelFile | undefined;
  readonly #last: Float64Array = new Float64Array(quotaV1.columns.length).fill(Number.NaN);
  #settled = 0;
  #quota = Number.NaN;

  constructor(files: KernelFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  read(row: Row, quota: number, isStill: boolean): void {
    // A new quota begins with a period of its own.
    if (!isStill || quota !== this.#quota) this.#settled = 0;
    this.#quota = quota;
    if (this.#settled < SETTLED_AFTER) this.#readFile();
    write(row, quotaV1, this.#last);
  }

  close(): void {
    this.#files.release(this.#file);
  }

  #readFile(): void {
    // Not before: v1 makes a cgroup in one hierarchy after the other, and this may come last.
    this.#file ??= this.#files.keep(this.#path);
    const values = this.#files.keyed(this.#file, quotaV1.keys);
    const isSame = values !== undefined && values[0] === this.#last[0];
    this.#settled = isSame ? this.#settled + 1 : 0;
    keepValues(this.#last, values);
  }
}

function openV1(accounting: string, cpu: string | undefined, { files }: Host): Probe | undefined {
  const usage = files.keep(join(accounting, "cpuacct.usage"));
  const stat = files.keep(join(accounting, "cpuacct.stat"));
  if (usage === undefined && stat === undefined) return undefined;
  const standstill = new Standstill();
  const times = new Float64Array(timesV1.columns.length);
  let throttling: Throttling | undefined;
  return {
    read(row, limits) {
      row[USAGE] = files.number(usage);
      const isStill = standstill.isStill(row);
      // The kernel makes both out of its ticks and of the usage, and neither goes on without the other.
      if (!isStill) keepValues(times, files.keyed(stat, timesV1.keys));
      write(row, timesV1, times);
      // Without a quota there is nothing to throttle, and no file to read.
      if (limits.cpu_cores === null || cpu === undefined) return;
      throttling ??= new Throttling(files, join(cpu, "cpu.stat"));
      throttling.read(row, limits.cpu_cores, isStill);
    },
    close() {
      files.release(usage);
      files.release(stat);
      throttling?.close();
    },
  };
}

/** One file that holds the usage too: there is nothing to spare at a standstill. */
function openV2(directory: string, { files }: Host): Probe | undefined {
  const stat = files.keep(join(directory, "cpu.stat"));
  if (stat === undefined) return undefined;
  return {
    read(row, { cpu_cores: quota }) {
      const values = files.keyed(stat, statV2.keys);
      if (values === undefined) return;
      write(row, statV2, values, quota === null ? TIMES_V2.length : values.length);
    },
    close() {
      files.release(stat);
    },
  };
}

/** CPU time, throttling and bursts. */
export const cpu: Collector = {
  name: "cpu",
  group: "cpu",
  metrics: [...Object.values(cpuMetrics), ...Object.values(cpuBurstMetrics)],
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const accounting = cgroup.controller("cpuacct") ?? cgroup.controller("cpu");
    if (accounting === undefined) return undefined;
    return accounting.version === 2
      ? openV2(accounting.directory, host)
      : openV1(accounting.directory, cgroup.controller("cpu")?.directory, host);
  },
};
