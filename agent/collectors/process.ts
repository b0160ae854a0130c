import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { processMetrics } from "../../wire/metrics/process.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { countLines } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const PROCESSES = columnOf(processMetrics.processes);
const THREADS = columnOf(processMetrics.threads);

/**
 * The list of processes is costly to read. While the number of threads stays the same it is read
 * only every so many samples.
 */
const COUNT_EVERY = 10;

/** Processes and threads. https://docs.kernel.org/admin-guide/cgroup-v2.html#pid-interface-files */
export const process: Collector = {
  name: "process",
  group: "process",
  metrics: Object.values(processMetrics),
  open(cgroup: Cgroup, { files }: Host): Probe | undefined {
    const place = cgroup.controller("pids");
    if (place === undefined) return undefined;
    const processes = files.keep(join(place.directory, "cgroup.procs"), true);
    const threads = files.keep(join(place.directory, "pids.current"));
    if (processes === undefined && threads === undefined) return undefined;
    let count = Number.NaN;
    let counted = 0;
    let threadsBefore = Number.NaN;
    return {
      read(row) {
        // The root has no `pids.current`.
        const threadsNow = threads === undefined ? Number.NaN : files.number(threads);
        if (threadsNow !== threadsBefore || --counted <= 0) {
          count = files.read(processes) ? countLines(files.text) : Number.NaN;
          counted = COUNT_EVERY;
          threadsBefore = threadsNow;
        }
        row[THREADS] = threadsNow;
        row[PROCESSES] = count;
      },
      close() {
        files.release(processes);
        files.release(threads);
      },
    };
  },
};
