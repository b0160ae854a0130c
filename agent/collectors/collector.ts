import type { Limits } from "../../wire/container.ts";
import type { MetricGroup } from "../../wire/metrics/metric-groups.ts";
import type { Metric, Series } from "../../wire/metrics/metric.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFiles } from "../cgroup/kernel-files.ts";
import type { UsageSource } from "../filesystems/usage.ts";
import type { BlkioPolicies } from "./blkio-policies.ts";
import type { LoadClock } from "./load.ts";
import type { NetworkNamespaces } from "./network-namespaces.ts";
import type { PerfEvents } from "./perf-events.ts";
import type { ReferencedMemory } from "./referenced-memory.ts";
import type { ResctrlGroups } from "./resctrl-groups.ts";

/** Counts kills through the end of cgroups. */
export interface KillCounts {
  /** The file of a cgroup says so much (NaN: it can't say); returns what is to be shown. */
  read(cgroup: string, value: number): number;
  /** The file has been closed. */
  closed(cgroup: string): void;
}

/** Where collectors read from, and with what. */
export interface Host {
  readonly files: KernelFiles;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly namespaces: NetworkNamespaces;
  readonly blkio: BlkioPolicies;
  /** Whether a cgroup is sampled, once it is found; all are without it. */
  readonly isSampled?: (cgroup: string) => boolean;
  /** Keeps count of kills for the lack of memory; without it there is only what each file says. */
  readonly kills?: KillCounts;
  /** These three only where the operator asks for them and the machine has them. */
  readonly perf?: PerfEvents;
  readonly resctrl?: ResctrlGroups;
  readonly load?: LoadClock;
  readonly filesystems: UsageSource;
  readonly referenced?: ReferencedMemory;
}

/**
 * The newest values of a collector's series: for each set of labels, written as it stands on the
 * page (`interface="eth0"`), raw values in the order of `Collector.series`. NaN = no such series.
 */
export type SeriesValues = ReadonlyMap<string, Float64Array>;

/** The open files of one subject of one cgroup. */
export interface Probe {
  /**
   * Writes what it measures into the row's columns; a column that it can't measure stays NaN.
   * Called once a second; never throws.
   */
  read(row: Row, limits: Limits): void;
  /** As of the last `read`. */
  readonly series?: SeriesValues;
  /** Closes the files. Called once, after the last `read`. */
  close(): void;
}

/** One subject of measurement. The sampler times it, counts its failures and goes on without it. */
export interface Collector {
  /** The subject: file name, `plimsoll_agent_collector_*{collector}`. */
  readonly name: string;
  readonly group: MetricGroup;
  readonly metrics: readonly Metric[];
  /** The families that have several series for each container. */
  readonly series?: readonly Series[];
  /**
   * Measured for `/stats` even where its group is not on by default, as it costs little; its
   * families are then not on `/metrics`.
   */
  readonly isForStats?: boolean;
  /**
   * Opens the files of a cgroup. Undefined where there is nothing to measure (the controller is
   * off, the network is somebody else's): the sampler asks again later.
   */
  open(cgroup: Cgroup, host: Host): Probe | undefined;
}
