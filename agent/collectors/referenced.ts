import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { referencedMetrics } from "../../wire/metrics/referenced.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { directoriesOf } from "../cgroup/inner-cgroups.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";
import { readLists } from "./task-list.ts";

const BYTES = columnOf(referencedMetrics.bytes);

/** Memory that the processes of a cgroup use, of a container's inner cgroups too, but of no others below it. */
export const referenced: Collector = {
  name: "referenced",
  group: "referenced_memory",
  metrics: Object.values(referencedMetrics),
  open(cgroup: Cgroup, { files, referenced: memory }: Host): Probe | undefined {
    const place = cgroup.controller("memory");
    if (place === undefined || memory === undefined) return undefined;
    const lists = (): string[] =>
      directoriesOf(cgroup.id, place).map(({ directory }) => join(directory, "cgroup.procs"));
    if (readLists(lists(), files) === undefined) return undefined;
    const standstill = new Standstill();
    let bytes = Number.NaN;
    let cycles = 0;
    let isDue = false;
    let isRunning = false;
    const measure = async (pids: readonly number[], clear: boolean): Promise<void> => {
      bytes = await memory.measure(pids, clear);
      isRunning = false;
    };
    return {
      read(row) {
        // The result of a measurement that was begun at an earlier sample.
        row[BYTES] = bytes;
        // Who does not run uses no memory.
        if (!standstill.isStill(row)) isDue = true;
        if (!isDue || isRunning) return;
        const pids = readLists(lists(), files);
        if (pids === undefined) return;
        cycles++;
        const clear = memory.resetEvery > 0 && cycles % memory.resetEvery === 0;
        isDue = clear;
        isRunning = true;
        void measure(pids, clear);
      },
      close() {},
    };
  },
};
