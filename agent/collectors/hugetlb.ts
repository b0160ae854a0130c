import { readdirSync } from "node:fs";
import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import { hugetlbSeries } from "../../wire/metrics/hugetlb.ts";
import type { Cgroup, ControllerDirectory } from "../cgroup/cgroup.ts";
import type { KernelFile } from "../cgroup/kernel-files.ts";
import { KeyedFile } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";

const USAGE_FILE = {
  1: /^hugetlb\.(\d+[KMGT]B)\.(rsvd\.)?usage_in_bytes$/,
  2: /^hugetlb\.(\d+[KMGT]B)\.(rsvd\.)?current$/,
};

const limitEvents = new KeyedFile(["max"]);

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    // Gone, or not there yet.
    return [];
  }
}

/**
 * What each page size's files begin with. A mapping reserves its pages before it touches them, and is
 * refused then: where reservations are counted (since Linux 5.7), they are what a limit is about.
 */
export function findPageSizes(names: readonly string[], version: 1 | 2): Map<string, string> {
  const prefixes = new Map<string, string>();
  for (const name of names) {
    const [, size, reserved] = USAGE_FILE[version].exec(name) ?? [];
    if (size === undefined || (reserved === undefined && prefixes.has(size))) continue;
    prefixes.set(size, `hugetlb.${size}.${reserved ?? ""}`);
  }
  return prefixes;
}

/** The files of one page size. */
interface PageSize {
  readonly label: string;
  readonly files: readonly (KernelFile | undefined)[];
  readonly values: Float64Array;
}

/** https://docs.kernel.org/admin-guide/cgroup-v1/hugetlb.html and cgroup-v2.html#hugetlb-interface-files */
function openSizes({ version, directory }: ControllerDirectory, { files }: Host): PageSize[] {
  const keep = (name: string): KernelFile | undefined => files.keep(join(directory, name));
  return [...findPageSizes(namesIn(directory), version)].map(([pagesize, prefix]) => ({
    label: encodeLabels({ pagesize }),
    values: new Float64Array(hugetlbSeries.length).fill(Number.NaN),
    files:
      version === 1
        ? ["usage_in_bytes", "max_usage_in_bytes", "failcnt"].map((name) => keep(prefix + name))
        : [keep(`${prefix}current`), undefined, keep(`hugetlb.${pagesize}.events`)],
  }));
}

/** Huge pages, by size. */
export const hugetlb: Collector = {
  name: "hugetlb",
  group: "hugetlb",
  metrics: [],
  series: hugetlbSeries,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const place = cgroup.controller("hugetlb");
    if (place === undefined) return undefined;
    const { files } = host;
    const sizes = openSizes(place, host);
    if (sizes.length === 0) return undefined;
    const series = new Map(sizes.map(({ label, values }) => [label, values]));
    const standstill = new Standstill();
    return {
      series,
      read(row) {
        // Huge pages are not reclaimed: what a cgroup has changes only when it runs.
        if (standstill.isStill(row)) return;
        for (const { files: kept, values } of sizes) {
          const [usage, most, refused] = kept;
          values[0] = files.number(usage);
          values[1] = files.number(most);
          values[2] =
            place.version === 1
              ? files.number(refused)
              : (files.keyed(refused, limitEvents)?.[0] ?? Number.NaN);
        }
      },
      close() {
        for (const { files: kept } of sizes) for (const file of kept) files.release(file);
      },
    };
  },
};
