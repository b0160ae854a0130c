import { readdirSync } from "node:fs";
import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import { resctrlSeries } from "../../wire/metrics/resctrl.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFile, KernelFiles } from "../cgroup/kernel-files.ts";
import { parseDigits } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

/** In the order of `resctrlSeries`. */
const FILES = ["mbm_total_bytes", "mbm_local_bytes", "llc_occupancy"];

const NEWLINE = 10;

/** The files of one cache, and the values that they had last. */
interface Cache {
  readonly files: readonly (KernelFile | undefined)[];
  readonly values: Float64Array;
}

/** The number in a folder's name, such as `mon_L3_00`; undefined for a folder that is not of a last cache. */
export function cacheNumber(name: string): string | undefined {
  const digits = /^mon_L3_(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : String(Number(digits));
}

/** Empty if the group has gone. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

function openCaches(group: string, files: KernelFiles): Map<string, Cache> {
  const data = join(group, "mon_data");
  const caches = new Map<string, Cache>();
  for (const name of namesIn(data)) {
    const node = cacheNumber(name);
    if (node === undefined) continue;
    caches.set(encodeLabels({ node_id: node }), {
      files: FILES.map((file) => files.keep(join(data, name, file))),
      values: new Float64Array(FILES.length).fill(Number.NaN),
    });
  }
  return caches;
}

/** The number of a file; NaN where the processor has none to give just now (`Unavailable`, `Error`). */
function readNumber(file: KernelFile | undefined, files: KernelFiles): number {
  if (!files.read(file, true)) return Number.NaN;
  const { bytes, length } = files.text;
  const end = bytes.indexOf(NEWLINE);
  return parseDigits(bytes, 0, end === -1 || end > length ? length : end);
}

/**
 * Memory bandwidth and use of the last cache, which the processor counts for groups of tasks.
 * https://docs.kernel.org/filesystems/resctrl.html
 */
export const resctrl: Collector = {
  name: "resctrl",
  group: "resctrl",
  metrics: [],
  series: resctrlSeries,
  open(cgroup: Cgroup, { resctrl: groups, files }: Host): Probe | undefined {
    const group = groups?.open(cgroup);
    if (groups === undefined || group === undefined) return undefined;
    const caches = openCaches(group.directory, files);
    const series = new Map([...caches].map(([key, { values }]) => [key, values] as const));
    let adoptAt = groups.monotonic() + groups.intervalMs;
    return {
      series,
      read() {
        const now = groups.monotonic();
        if (now >= adoptAt) {
          groups.adopt(cgroup, group);
          adoptAt = now + groups.intervalMs;
        }
        for (const { files: kept, values } of caches.values()) {
          for (const [place, file] of kept.entries()) values[place] = readNumber(file, files);
        }
      },
      close() {
        for (const cache of caches.values()) for (const file of cache.files) files.release(file);
        groups.close(group);
      },
    };
  },
};
