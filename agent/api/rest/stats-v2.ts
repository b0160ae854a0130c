import { referencedMetrics } from "../../../wire/metrics/referenced.ts";
import type { Tracked } from "../../window/tracked.ts";
import { customMetricsOf } from "./app-metrics.ts";
import { type SampleRange, positionsOf } from "./container-info.ts";
import { hasLoad, loadOf, perfOf, processesOf, resctrlOf } from "./counted.ts";
import { cpuOf, instantCpuOf } from "./cpu.ts";
import { diskIoOf } from "./disk-io.ts";
import { encodeFs, encodeFsV2, encodeMachineFs, filesystemsOf } from "./filesystems.ts";
import type { GoObject } from "./go-json.ts";
import { hugetlbOf, memoryOf } from "./memory.ts";
import { networkV2Of } from "./network.ts";
import { positive, rawOf, type Sample, sampleAt } from "./sample.ts";
import type { RestSources } from "./sources.ts";
import { specV2Of, type Subjects, subjectsOf } from "./spec.ts";
import { timestampOf } from "./stats-v1.ts";

/** Makes one entry out of a sample. */
type Encode = (sample: Sample, has: Subjects, sources: RestSources) => GoObject;

function rest(sample: Sample): GoObject {
  const { core, uncore } = perfOf(sample);
  return {
    perf_stats: core,
    perf_uncore_stats: uncore,
    referenced_memory: positive(rawOf(sample, referencedMetrics.bytes)),
    resctrl: resctrlOf(sample),
  };
}

const encodeV21: Encode = (sample, has, sources) => ({
  timestamp: timestampOf(sample),
  cpu: has.cpu ? cpuOf(sample) : undefined,
  cpu_inst: has.cpu ? instantCpuOf(sample) : undefined,
  diskio: has.diskIo ? diskIoOf(sample) : undefined,
  memory: has.memory ? memoryOf(sample) : undefined,
  hugetlb: has.hugetlb ? hugetlbOf(sample) : undefined,
  network: has.network ? networkV2Of(sample) : undefined,
  processes: has.processes ? processesOf(sample) : undefined,
  filesystem: encodeFsV2(filesystemsOf(sample, sources.rest.filesystems())),
  load_stats: hasLoad(sample) ? loadOf(sample) : undefined,
  custom_metrics: customMetricsOf(sample, sources),
  ...rest(sample),
});

const encodeV20: Encode = (sample, has, sources) => {
  const filesystems = filesystemsOf(sample, sources.rest.filesystems());
  return {
    timestamp: timestampOf(sample),
    has_cpu: has.cpu,
    // Go has no nothing for a structure: what is not there is one without fields.
    cpu: cpuOf(sample) ?? {},
    cpu_inst: instantCpuOf(sample),
    has_diskio: has.diskIo,
    diskio: has.diskIo ? diskIoOf(sample) : {},
    has_memory: has.memory,
    memory: memoryOf(sample) ?? {},
    has_hugetlb: has.hugetlb,
    hugetlb: hugetlbOf(sample),
    has_network: has.network,
    network: networkV2Of(sample) ?? {},
    has_processes: has.processes,
    processes: has.processes ? processesOf(sample) : {},
    has_filesystem: has.filesystem,
    filesystem: filesystems.length === 0 ? undefined : filesystems.map(encodeFs),
    has_load: hasLoad(sample),
    load_stats: loadOf(sample),
    has_custom_metrics: has.custom,
    custom_metrics: customMetricsOf(sample, sources),
    ...rest(sample),
  };
};

const encodeMachine: Encode = (sample, has, sources) => {
  const filesystems = filesystemsOf(sample, sources.rest.filesystems()).map(encodeMachineFs);
  return {
    timestamp: timestampOf(sample),
    cpu: has.cpu ? cpuOf(sample) : undefined,
    cpu_inst: has.cpu ? instantCpuOf(sample) : undefined,
    memory: has.memory ? memoryOf(sample) : undefined,
    network: has.network ? networkV2Of(sample) : undefined,
    filesystem: filesystems.length === 0 ? undefined : filesystems,
    load_stats: hasLoad(sample) ? loadOf(sample) : undefined,
  };
};

function entriesOf(
  tracked: Tracked,
  range: SampleRange,
  sources: RestSources,
  encode: Encode,
): GoObject[] {
  const has = subjectsOf(tracked, sources);
  return positionsOf(tracked, range).map((position) =>
    encode(sampleAt(tracked, position), has, sources),
  );
}

/** A container's entry in `/api/v2.1/stats`. */
export function statsV21Of(tracked: Tracked, range: SampleRange, sources: RestSources): GoObject {
  const stats = entriesOf(tracked, range, sources, encodeV21);
  return { spec: specV2Of(tracked, sources), stats: stats.length === 0 ? undefined : stats };
}

/** The same in `/api/v2.0/stats`, which has the old form. */
export function statsV20Of(tracked: Tracked, range: SampleRange, sources: RestSources): GoObject[] {
  return entriesOf(tracked, range, sources, encodeV20);
}

/** `/api/v2.1/machinestats`. */
export function machineStatsOf(
  tracked: Tracked,
  range: SampleRange,
  sources: RestSources,
): GoObject[] {
  return entriesOf(tracked, range, sources, encodeMachine);
}
