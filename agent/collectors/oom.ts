import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";
import { KeyedFile } from "../cgroup/parse.ts";
import type { Collector } from "./collector.ts";
import { Standstill } from "./standstill.ts";

const OOM_KILLS = columnOf(memoryMetrics.oomKills);

/**
 * In v1 of the cgroup alone, in v2 of everything below it too; not before Linux 4.13.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
const events = new KeyedFile(["oom_kill"]);

/** Any cgroup with a memory controller has the first; the root of v2 has only that. */
const FILES = {
  1: { mark: "memory.usage_in_bytes", events: "memory.oom_control" },
  2: { mark: "memory.stat", events: "memory.events" },
} as const;

/** Kills for the lack of memory. */
export const oom: Collector = {
  name: "oom",
  group: "oom_event",
  metrics: [memoryMetrics.oomKills],
  isForStats: true,
  open(cgroup, { files, kills }) {
    const { id } = cgroup;
    const place = cgroup.controller("memory");
    if (place === undefined) return undefined;
    const names = FILES[place.version];
    const file = files.keep(join(place.directory, names.events));
    if (file === undefined) {
      const mark = files.keep(join(place.directory, names.mark));
      files.release(mark);
      if (mark === undefined) return undefined;
    }
    const standstill = new Standstill();
    let last = Number.NaN;
    return {
      read(row) {
        // Whoever is killed runs once more, to its end.
        if (file !== undefined && !standstill.isStill(row)) {
          last = files.keyed(file, events)?.[0] ?? Number.NaN;
        }
        row[OOM_KILLS] = kills === undefined ? last : kills.read(id, last);
      },
      close() {
        files.release(file);
        kills?.closed(id);
      },
    };
  },
};
