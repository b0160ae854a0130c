import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import { memoryNumaSeries } from "../../wire/metrics/memory-numa.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { readPageSize } from "./page-size.ts";
import { Standstill } from "./standstill.ts";

/** Pages by the labels of their series. */
type Pages = Map<string, Float64Array>;

type Scope = "container" | "hierarchy";

const labels = new Map<string, string>();

function labelsOf(type: string, scope: Scope, node: string): string {
  const key = `${type} ${scope} ${node}`;
  let text = labels.get(key);
  if (text === undefined) labels.set(key, (text = encodeLabels({ type, scope, node })));
  return text;
}

const NODE = /^N(\d{1,4})=(\d{1,20})$/;

/** The numbers in the fields `N0=123` of a line, by node; whatever else is there is passed over. */
function nodesIn(fields: readonly string[]): ReadonlyMap<string, number> {
  const nodes = new Map<string, number>();
  for (const field of fields) {
    const [, node, value] = NODE.exec(field) ?? [];
    if (node !== undefined) nodes.set(node, Number(value));
  }
  return nodes;
}

const V1_LINE = /^(hierarchical_)?(file|anon|unevictable)=\d+$/;

/**
 * Lines `file=3 N0=1 N1=2`, in pages; those that begin with `hierarchical_` have in them what is below.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#numa-stat
 */
export function parseNumaV1(text: string): Pages {
  const pages: Pages = new Map();
  for (const line of text.split("\n").slice(0, -1)) {
    const [head = "", ...fields] = line.split(" ");
    const [, below, type] = V1_LINE.exec(head) ?? [];
    if (type === undefined) continue;
    const scope = below === undefined ? "container" : "hierarchy";
    for (const [node, count] of nodesIn(fields)) {
      pages.set(labelsOf(type, scope, node), Float64Array.of(count));
    }
  }
  return pages;
}

/** The lists that v1 adds up; `file` and `anon` of v2 are something else, as to shared memory. */
const V2_LISTS: Readonly<Record<string, readonly string[]>> = {
  anon: ["inactive_anon", "active_anon"],
  file: ["inactive_file", "active_file"],
  unevictable: ["unevictable"],
};

/**
 * Lines `anon N0=4096 N1=0`, in bytes, with all that is below. A sum of which a part is missing is absent.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
export function parseNumaV2(text: string, pageSize: number): Pages {
  const lists = new Map<string, ReadonlyMap<string, number>>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [key = "", ...fields] = line.split(" ");
    lists.set(key, nodesIn(fields));
  }
  const pages: Pages = new Map();
  for (const [type, keys] of Object.entries(V2_LISTS)) {
    const nodes = new Set(keys.flatMap((key) => [...(lists.get(key)?.keys() ?? [])]));
    for (const node of nodes) {
      const parts = keys.map((key) => lists.get(key)?.get(node) ?? Number.NaN);
      const bytes = parts.reduce((sum, part) => sum + part, 0);
      if (Number.isNaN(bytes)) continue;
      pages.set(labelsOf(type, "hierarchy", node), Float64Array.of(bytes / pageSize));
    }
  }
  return pages;
}

/** Samples between two readings of a cgroup that stands still: others can move its pages even then. */
const STILL_EVERY = 5;

/** Memory by NUMA node, in pages. */
export const memoryNuma: Collector = {
  name: "memory-numa",
  group: "memory_numa",
  metrics: [],
  series: memoryNumaSeries,
  open(cgroup: Cgroup, { files, procRoot }: Host): Probe | undefined {
    const place = cgroup.controller("memory");
    if (place === undefined) return undefined;
    const pageSize = place.version === 1 ? 1 : readPageSize(procRoot);
    if (Number.isNaN(pageSize)) return undefined;
    const stat = files.keep(join(place.directory, "memory.numa_stat"));
    if (stat === undefined) return undefined;
    const parse = place.version === 1 ? parseNumaV1 : parseNumaV2;
    const standstill = new Standstill();
    let series: Pages = new Map();
    let age = 0;
    return {
      get series() {
        return series;
      },
      read(row) {
        if (standstill.isStill(row) && ++age < STILL_EVERY) return;
        age = 0;
        if (!files.read(stat)) {
          series = new Map();
          return;
        }
        const { bytes, length } = files.text;
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
        series = parse(text, pageSize);
        if (series.size === 0) files.fail("malformed");
      },
      close() {
        files.release(stat);
      },
    };
  },
};
