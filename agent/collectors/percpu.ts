import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import { percpuSeries } from "../../wire/metrics/percpu.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { parseDigits, type Text } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";

const NEWLINE = 10;
const SPACE = 32;

/** `cpu="cpu00"`, as cAdvisor has it; made once for each CPU of the machine. */
const labels: string[] = [];

function labelOf(cpu: number): string {
  return (labels[cpu] ??= encodeLabels({ cpu: `cpu${String(cpu).padStart(2, "0")}` }));
}

/**
 * The nanoseconds of each CPU in `1200 3400 `, by label; NaN for a CPU that was never used.
 * False, and nothing is known, if the line is cut or holds anything but numbers.
 * https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html
 */
export function parseUsagePercpu(
  { bytes, length }: Text,
  into: Map<string, Float64Array>,
): boolean {
  let cpu = 0;
  let at = 0;
  while (at < length && bytes[at] !== NEWLINE) {
    const from = at;
    while (at < length && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at++;
    const value = parseDigits(bytes, from, at);
    if (Number.isNaN(value) || at === length) return false;
    set(into, labelOf(cpu), value > 0 ? value : Number.NaN);
    cpu++;
    if (bytes[at] === SPACE) at++;
  }
  return cpu > 0 && at < length;
}

function set(into: Map<string, Float64Array>, label: string, value: number): void {
  const values = into.get(label);
  if (values === undefined) into.set(label, Float64Array.of(value));
  else values[0] = value;
}

/** CPU time on each CPU. Only v1 tells it; where it is not known, the total is shown. */
export const percpu: Collector = {
  name: "percpu",
  group: "percpu",
  metrics: [],
  series: [percpuSeries],
  open(cgroup: Cgroup, { files }: Host): Probe | undefined {
    const place = cgroup.controller("cpuacct");
    if (place === undefined || place.version === 2) return undefined;
    const file = files.keep(join(place.directory, "cpuacct.usage_percpu"));
    if (file === undefined) return undefined;
    const standstill = new Standstill();
    const series = new Map<string, Float64Array>();
    let isKnown = false;
    return {
      series,
      read(row) {
        if (standstill.isStill(row) && isKnown) return;
        const isRead = files.read(file);
        isKnown = isRead && parseUsagePercpu(files.text, series);
        if (isRead && !isKnown) files.fail("malformed");
        if (!isKnown) series.clear();
      },
      close() {
        files.release(file);
      },
    };
  },
};
