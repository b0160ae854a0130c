import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { pressureMetrics } from "../../wire/metrics/pressure.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { parseDigits, type Text } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const RESOURCES = Object.entries(pressureMetrics).map(([resource, { some, full }]) => ({
  file: `${resource}.pressure`,
  some: columnOf(some),
  full: columnOf(full),
}));

const NEWLINE = 10;
const EQUALS = 61;

/**
 * The totals of `some avg10=0.00 avg60=0.00 avg300=0.00 total=12` and of the line `full …` below it,
 * in microseconds; NaN where a line is missing or cut. https://docs.kernel.org/accounting/psi.html
 */
export function parsePressure({ bytes, length }: Text): { some: number; full: number } {
  const totals = [Number.NaN, Number.NaN];
  let from = 0;
  for (let line = 0; line < totals.length; line++) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end === -1 || end >= length) break;
    const equals = bytes.lastIndexOf(EQUALS, end);
    if (equals > from) totals[line] = parseDigits(bytes, equals + 1, end);
    from = end + 1;
  }
  return { some: totals[0] ?? Number.NaN, full: totals[1] ?? Number.NaN };
}

/** Time lost waiting. Only v2 cgroups tell it; a hybrid host has those beside the ones of v1. */
export const pressure: Collector = {
  name: "pressure",
  group: "pressure",
  metrics: Object.values(pressureMetrics).flatMap(({ some, full }) => [some, full]),
  open(cgroup: Cgroup, { files }: Host): Probe | undefined {
    const place = cgroup.directories.find(({ version }) => version === 2);
    if (place === undefined) return undefined;
    const kept = RESOURCES.map((resource) => ({
      ...resource,
      kept: files.keep(join(place.directory, resource.file)),
    })).filter(({ kept: file }) => file !== undefined);
    if (kept.length === 0) return undefined;
    return {
      read(row) {
        for (const { kept: file, some, full } of kept) {
          if (!files.read(file)) continue;
          const totals = parsePressure(files.text);
          if (Number.isNaN(totals.some)) files.fail("malformed");
          row[some] = totals.some;
          row[full] = totals.full;
        }
      },
      close() {
        for (const { kept: file } of kept) files.release(file);
      },
    };
  },
};
