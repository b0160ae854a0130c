import { perfSeries } from "../../wire/metrics/perf.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { readPerfGroup } from "../syscalls/perf-event.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";

/**
 * Events that processors and the kernel count, where the operator has named some.
 * https://man7.org/linux/man-pages/man2/perf_event_open.2.html
 */
export const perfEvent: Collector = {
  name: "perf_event",
  group: "perf_event",
  metrics: [],
  series: perfSeries,
  open(cgroup: Cgroup, { perf, files }: Host): Probe | undefined {
    if (perf === undefined) return undefined;
    const core = perf.openCgroup(cgroup);
    const uncore = cgroup.id === "/" ? perf.openUncore() : undefined;
    if (core === undefined && uncore === undefined) return undefined;
    const standstill = new Standstill();
    const onFailure = (): void => files.fail("other");
    const series = new Map([...(core?.series ?? []), ...(uncore?.series ?? [])]);
    return {
      series,
      read(row) {
        uncore?.read(readPerfGroup, onFailure);
        // Nothing is counted for a cgroup while none of its tasks runs.
        if (!standstill.isStill(row)) core?.read(readPerfGroup, onFailure);
      },
      close() {
        for (const counts of [core, uncore]) if (counts !== undefined) perf.close(counts);
      },
    };
  },
};
