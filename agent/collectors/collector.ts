import type { Limits } from "../../wire/container.ts";
import type { Metric, MetricGroup } from "../../wire/metrics/metric.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFiles } from "../cgroup/kernel-files.ts";
import type { BlkioPolicies } from "./blkio-policies.ts";
import type { NetworkNamespaces } from "./network-namespaces.ts";

/** Where collectors read from, and with what. */
export interface Host {
  readonly files: KernelFiles;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly namespaces: NetworkNamespaces;
  readonly blkio: BlkioPolicies;
}

/** Current values of the `per` metrics, label value by label value, in the order of `Collector.labelled`. */
export type LabelledValues = ReadonlyMap<string, Float64Array>;

/** The open files of one subject of one cgroup. */
export interface Probe {
  /**
   * Writes what it measures into the row's columns; a column that it can't measure stays NaN.
   * Called once a second; never throws.
   */
  read(row: Row, limits: Limits): void;
  /** Device by device or interface by interface, as of the last `read`. */
  readonly labelled?: LabelledValues;
  /** Closes the files. Called once, after the last `read`. */
  close(): void;
}

/** One subject of measurement. The sampler times it, counts its failures and goes on without it. */
export interface Collector {
  /** The subject: file name, `plimsoll_agent_collector_*{collector}`. */
  readonly name: string;
  readonly group: MetricGroup;
  readonly metrics: readonly Metric[];
  /** The metrics that have a series for each device or interface. */
  readonly labelled?: readonly Metric[];
  /**
   * Opens the files of a cgroup. Undefined where there is nothing to measure (the controller is
   * off, the network is somebody else's): the sampler asks again later.
   */
  open(cgroup: Cgroup, host: Host): Probe | undefined;
}
