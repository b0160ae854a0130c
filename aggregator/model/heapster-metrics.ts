import { columnOf } from "../../wire/metrics/all.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import { diskIoMetrics } from "../../wire/metrics/disk-io.ts";
import { filesystemMetrics } from "../../wire/metrics/filesystem.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { networkMetrics } from "../../wire/metrics/network.ts";

/** Heapster's units. https://github.com/kubernetes-retired/heapster/blob/master/docs/storage-schema.md */
export type HeapsterUnit =
  | "milliseconds"
  | "nanoseconds"
  | "millicores"
  | "bytes"
  | "count"
  | "bytes per second"
  | "count per second"
  | "ratio";

/** One number of a metric set. */
export interface HeapsterValue {
  readonly name: string;
  readonly type: "cumulative" | "gauge";
  /** Integers stay integers in every sink: a field of InfluxDB has one type for ever. */
  readonly isInteger: boolean;
  readonly unit: HeapsterUnit;
  readonly value: number;
  /** Which of several: a filesystem, a device. */
  readonly resourceId?: string;
}

/** How Heapster calls a number of ours, and how it is made. */
export interface HeapsterMetric extends Omit<HeapsterValue, "value"> {
  readonly of: Metric;
  /** Whether its growth a second is wanted, not what it stands at. */
  readonly isRate: boolean;
  /** Heapster's units in one raw step of ours. */
  readonly factor: number;
  /** Whether namespaces and the cluster have it, and not pods and nodes alone. */
  readonly isSummed: boolean;
}

type Rest = Partial<Pick<HeapsterMetric, "factor" | "isSummed" | "resourceId">>;

function gauge(name: string, unit: HeapsterUnit, of: Metric, rest: Rest = {}): HeapsterMetric {
  const kind = { type: "gauge", isInteger: true, isRate: false } as const;
  return { name, unit, of, factor: 1, isSummed: false, ...kind, ...rest };
}

function counter(name: string, unit: HeapsterUnit, of: Metric): HeapsterMetric {
  return { ...gauge(name, unit, of), type: "cumulative" };
}

function rate(name: string, unit: HeapsterUnit, of: Metric, rest: Rest = {}): HeapsterMetric {
  return { ...gauge(name, unit, of, rest), isRate: true, isInteger: false };
}

const { receive, transmit } = networkMetrics;

/** Everything that is made from samples; the rest is made from who a container or a node is. */
export const heapsterMetrics: readonly HeapsterMetric[] = [
  counter("cpu/usage", "nanoseconds", cpuMetrics.usage),
  {
    // Nanoseconds a second are a billionth of a core.
    ...rate("cpu/usage_rate", "millicores", cpuMetrics.usage, { factor: 1e-6, isSummed: true }),
    isInteger: true,
  },
  gauge("memory/usage", "bytes", memoryMetrics.usage, { isSummed: true }),
  gauge("memory/working_set", "bytes", memoryMetrics.workingSet, { isSummed: true }),
  gauge("memory/rss", "bytes", memoryMetrics.rss),
  gauge("memory/cache", "bytes", memoryMetrics.cache),
  counter("memory/page_faults", "count", memoryMetrics.faults),
  counter("memory/major_page_faults", "count", memoryMetrics.majorFaults),
  rate("memory/page_faults_rate", "count per second", memoryMetrics.faults),
  rate("memory/major_page_faults_rate", "count per second", memoryMetrics.majorFaults),
  gauge("ephemeral_storage/usage", "bytes", filesystemMetrics.usage),
  gauge("filesystem/usage", "bytes", filesystemMetrics.usage, { resourceId: "/" }),
  counter("network/rx", "bytes", receive.bytes),
  counter("network/rx_errors", "count", receive.errors),
  counter("network/tx", "bytes", transmit.bytes),
  counter("network/tx_errors", "count", transmit.errors),
  rate("network/rx_rate", "bytes per second", receive.bytes),
  rate("network/rx_errors_rate", "count per second", receive.errors),
  rate("network/tx_rate", "bytes per second", transmit.bytes),
  rate("network/tx_errors_rate", "count per second", transmit.errors),
  { ...counter("disk/io_read_bytes", "bytes", diskIoMetrics.readBytes), resourceId: "all" },
  { ...counter("disk/io_write_bytes", "bytes", diskIoMetrics.writtenBytes), resourceId: "all" },
  rate("disk/io_read_bytes_rate", "bytes per second", diskIoMetrics.readBytes, {
    resourceId: "all",
  }),
  rate("disk/io_write_bytes_rate", "bytes per second", diskIoMetrics.writtenBytes, {
    resourceId: "all",
  }),
];

/** Where each metric's column stands in a sample. */
export const heapsterColumns: readonly number[] = heapsterMetrics.map(({ of }) => columnOf(of));
