import { cpusetMetrics } from "../../../wire/metrics/cpuset.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import { referencedMetrics } from "../../../wire/metrics/referenced.ts";
import { customMetricsOf } from "./app-metrics.ts";
import { loadOf, hasProcesses, perfOf, processesOf, resctrlOf } from "./counted.ts";
import { cpuOf } from "./cpu.ts";
import { diskIoOf, hasDiskIo } from "./disk-io.ts";
import { encodeFs, filesystemsOf } from "./filesystems.ts";
import type { GoObject } from "./go-json.ts";
import { goTime } from "./go-time.ts";
import { hugetlbOf, memoryOf } from "./memory.ts";
import { networkOf } from "./network.ts";
import { numberOf, positive, rawOf, type Sample } from "./sample.ts";
import type { RestSources } from "./sources.ts";

/** When a sample was taken. */
export function timestampOf({ tracked, position }: Sample): string {
  return goTime(tracked.ring.timeAt(position));
}

/** A sample as API v1 has it. */
export function statsOf(sample: Sample, sources: RestSources): GoObject {
  const { tracked } = sample;
  const filesystems = filesystemsOf(sample, sources.rest.filesystems());
  const { core, uncore } = perfOf(sample);
  return {
    timestamp: timestampOf(sample),
    cpu: cpuOf(sample),
    diskio: hasDiskIo(tracked) ? diskIoOf(sample) : undefined,
    memory: memoryOf(sample),
    hugetlb: hugetlbOf(sample),
    network: networkOf(sample),
    filesystem: filesystems.length === 0 ? undefined : filesystems.map(encodeFs),
    task_stats: loadOf(sample),
    processes: hasProcesses(sample) ? processesOf(sample) : undefined,
    custom_metrics: customMetricsOf(sample, sources),
    perf_stats: core,
    perf_uncore_stats: uncore,
    referenced_memory: positive(rawOf(sample, referencedMetrics.bytes)),
    resctrl: resctrlOf(sample),
    cpuset: { memory_migrate: numberOf(sample, cpusetMetrics.memoryMigrate) },
    oom_events: positive(rawOf(sample, memoryMetrics.oomKills)),
    health: { status: sample.isNewest ? (tracked.container.health ?? "") : "" },
  };
}
