import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import { ADVANCED_TCP_STATES, advancedTcpSeries } from "../../wire/metrics/advanced-tcp.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { LastText } from "./last-text.ts";
import { claimNetwork } from "./own-network.ts";

/** The files, and what their lines of TCP begin with. */
const FILES = [
  { name: "snmp", prefix: "Tcp:" },
  { name: "netstat", prefix: "TcpExt:" },
] as const;

const LABELS = new Map(
  ADVANCED_TCP_STATES.map((state) => [state, encodeLabels({ tcp_state: state })]),
);

/**
 * Takes the numbers of a pair of lines, `Tcp: RtoAlgorithm RtoMin …` and `Tcp: 1 200 …`, by the names
 * in lower case. Lines that are cut or of different length say nothing.
 * https://docs.kernel.org/networking/snmp_counter.html
 */
export function parsePair(
  text: string,
  prefix: string,
  take: (name: string, value: number) => void,
): void {
  const lines = text.split("\n").slice(0, -1);
  const at = lines.findIndex((line) => line.startsWith(`${prefix} `));
  const [names, values] = [lines[at]?.split(" ") ?? [], lines[at + 1]?.split(" ") ?? []];
  if (values[0] !== prefix || values.length !== names.length) return;
  for (let word = 1; word < names.length; word++) {
    const value = values[word] ?? "";
    // No limit of connections is -1.
    if (/^-?\d{1,20}$/.test(value)) take((names[word] ?? "").toLowerCase(), Number(value));
  }
}

/** What the kernel counts of TCP in a network of its own. What this kernel does not count is absent. */
export const advancedTcp: Collector = {
  name: "advanced-tcp",
  group: "advtcp",
  metrics: [],
  series: advancedTcpSeries,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const { files } = host;
    const own = claimNetwork(cgroup, host);
    if (own === undefined) return undefined;
    const kept = FILES.map(({ name, prefix }) => ({
      prefix,
      file: files.keep(join(own.directory, name), false, true),
      text: new LastText(),
    }));
    const series = new Map<string, Float64Array>();
    const take = (name: string, value: number): void => {
      const label = LABELS.get(name);
      if (label !== undefined) series.set(label, Float64Array.of(value));
    };
    const close = (): void => {
      for (const { file } of kept) files.release(file);
      own.yield();
    };
    if (kept.every(({ file }) => file === undefined)) {
      close();
      return undefined;
    }
    return {
      series,
      read() {
        let isChanged = false;
        for (const { file, text } of kept) {
          isChanged = (files.read(file) ? text.take(files.text) : text.clear()) || isChanged;
        }
        if (!isChanged) return;
        series.clear();
        for (const { text, prefix } of kept) parsePair(text.toString(), prefix, take);
      },
      close,
    };
  },
};
