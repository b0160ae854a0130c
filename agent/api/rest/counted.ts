import { loadMetrics, TASK_STATES } from "../../../wire/metrics/load.ts";
import {
  descriptorMetrics,
  processLimitMetrics,
  processMetrics,
} from "../../../wire/metrics/process.ts";
import { load } from "../../collectors/load.ts";
import { perfEvent } from "../../collectors/perf-event.ts";
import { resctrl } from "../../collectors/resctrl.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { numberOf, positive, rawOf, type Sample, seriesOf, whole } from "./sample.ts";

/** Tasks by state. The kernel tells of none whether it waits for I/O. */
export function loadOf({ tracked, isNewest }: Sample): GoObject {
  const series = seriesOf(tracked, load);
  if (series.length > 0 && !isNewest) return {};
  const counts = new Map(series.map(({ labels, values }) => [labels["state"], values[0]]));
  const [sleeping, running, stopped, uninterruptible] = TASK_STATES.map((state) =>
    whole(counts.get(state) ?? 0),
  );
  return {
    nr_sleeping: sleeping,
    nr_running: running,
    nr_stopped: stopped,
    nr_uninterruptible: uninterruptible,
    nr_io_wait: 0,
  };
}

/** Whether tasks by state are counted. */
export function hasLoad(sample: Sample): boolean {
  return !Number.isNaN(rawOf(sample, loadMetrics.running));
}

/** Whether processes are counted. */
export function hasProcesses({ tracked }: Sample): boolean {
  const { length } = tracked.ring;
  const newest = { tracked, position: length - 1, isNewest: true };
  return !Number.isNaN(rawOf(newest, processMetrics.processes));
}

function limitsOf(sample: Sample): GoValue {
  const soft = rawOf(sample, descriptorMetrics.maxOpenFiles);
  const hard = rawOf(sample, descriptorMetrics.maxOpenFilesHard);
  if (Number.isNaN(soft) || Number.isNaN(hard)) return undefined;
  return [{ name: "max_open_files", soft_limit: soft, hard_limit: hard }];
}

/** Processes and what they hold. */
export function processesOf(sample: Sample): GoObject {
  return {
    process_count: numberOf(sample, processMetrics.processes),
    fd_count: numberOf(sample, descriptorMetrics.fileDescriptors),
    socket_count: numberOf(sample, descriptorMetrics.sockets),
    threads_current: positive(rawOf(sample, processMetrics.threads)),
    threads_max: positive(rawOf(sample, processLimitMetrics.threadsMax)),
    ulimits: limitsOf(sample),
  };
}

/** Where count and ratio of cores stand among the values of a perf series, and those of the rest. */
const CORE = 0;
const UNCORE = 2;

/** Perf events of cores and of what is outside; undefined where none are counted. */
export function perfOf({ tracked, isNewest }: Sample): { core: GoValue; uncore: GoValue } {
  const series = isNewest ? seriesOf(tracked, perfEvent) : [];
  const core: GoValue[] = [];
  const uncore: GoValue[] = [];
  for (const { labels, values } of series) {
    const { event: name = "", cpu, socket, pmu = "" } = labels;
    const place = cpu === undefined ? UNCORE : CORE;
    const value = whole(values[place] ?? Number.NaN);
    const ratio = values[place + 1] ?? Number.NaN;
    const scaling_ratio = Number.isNaN(ratio) ? 0 : ratio;
    // Without a CPU it is the sum over all.
    if (cpu !== undefined) core.push({ scaling_ratio, value, name, cpu: Number(cpu) });
    else uncore.push({ scaling_ratio, value, name, socket: Number(socket), pmu });
  }
  return {
    core: core.length === 0 ? undefined : core,
    uncore: uncore.length === 0 ? undefined : uncore,
  };
}

/** Memory bandwidth and use of the last cache, cache by cache. */
export function resctrlOf({ tracked, isNewest }: Sample): GoObject {
  const series = isNewest ? seriesOf(tracked, resctrl) : [];
  if (series.length === 0) return {};
  return {
    memory_bandwidth: series.map(({ values: [total = 0, local = 0] }) => ({
      mbm_total_bytes: positive(total),
      mbm_local_bytes: positive(local),
    })),
    cache: series.map(({ values: [, , occupancy = 0] }) => ({
      llc_occupancy: positive(occupancy),
    })),
  };
}
