import { expect, test } from "vitest";

import { TCP_STATES } from "../../wire/metrics/tcp.ts";
import { seriesValue } from "./ask.ts";
import { DISK_FAMILIES } from "./disk-families.ts";
import { type Subject, subjectOf, type TellOf, valueOf, valuesBy } from "./v2-subject.ts";

type Disk = Subject & { readonly device: string; readonly numbers: string };

/** Families of a device of a cgroup, by the key of `io.stat`, and how many of its steps make one of ours. */
const IO_STAT: Readonly<Record<string, readonly [family: string, scale: number]>> = {
  rbytes: ["fs_reads_bytes_total", 1],
  wbytes: ["fs_writes_bytes_total", 1],
  rios: ["fs_reads_total", 1],
  wios: ["fs_writes_total", 1],
  "cost.usage": ["fs_io_cost_usage_seconds_total", 1e6],
  "cost.wait": ["fs_io_cost_wait_seconds_total", 1e6],
  "cost.indebt": ["fs_io_cost_indebt_seconds_total", 1e6],
  "cost.indelay": ["fs_io_cost_indelay_seconds_total", 1e6],
};

/** The states of a list of sockets, in the kernel's numbers. */
function statesOf({ texts }: Subject, file: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of (texts[file] ?? "").trimEnd().split("\n").slice(1)) {
    const number = Number.parseInt(line.trim().split(/\s+/)[3] ?? "", 16);
    const name = TCP_STATES[number - 1] ?? "";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** The same of datagrams: sockets, what they have dropped, bytes that wait. */
function datagramsOf({ texts }: Subject, file: string): Record<string, number> {
  const lines = (texts[file] ?? "").trimEnd().split("\n").slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const sum = (number: (words: readonly string[]) => number): number =>
    fields.reduce((total, words) => total + number(words), 0);
  const queue = (words: readonly string[], place: number): number =>
    Number.parseInt(words[4]?.split(":")[place] ?? "", 16);
  const counts = {
    listen: lines.length,
    dropped: sum((words) => Number(words.at(-1))),
    rxqueued: sum((words) => queue(words, 1)),
    txqueued: sum((words) => queue(words, 0)),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** The kernel's counters of TCP, by lower-cased name. */
function countersOf({ texts }: Subject): Map<string, number> {
  const counters = new Map<string, number>();
  for (const [file, prefix] of [
    ["net/snmp", "Tcp: "],
    ["net/netstat", "TcpExt: "],
  ] as const) {
    const lines = (texts[file] ?? "").split("\n").filter((line) => line.startsWith(prefix));
    const [names = [], values = []] = lines.map((line) => line.split(" "));
    for (const [place, name] of names.entries()) {
      counters.set(name.toLowerCase(), Number(values[place]));
    }
  }
  return counters;
}

/** Block I/O and sockets. */
export function testTraffic(tellOf: TellOf): void {
  test("has all that a cgroup has done with each device", () => {
    const subject = tellOf("disk") as Disk;
    const line = subject.texts["io.stat"]
      ?.split("\n")
      .find((one) => one.startsWith(subject.numbers));
    const pairs = (line ?? "").split(" ").flatMap((word) => (word.includes("=") ? [word] : []));
    const told = new Map(pairs.map((pair) => pair.split("=") as [string, string]));
    expect(Number(told.get("wbytes"))).toBe(60 * 4096);
    expect(Number(told.get("rbytes"))).toBe(40 * 8192);
    const device = `device="${subject.device}"`;
    for (const [key, [family, scale]] of Object.entries(IO_STAT)) {
      const number = told.get(key);
      const expected = number === undefined ? undefined : Number(number) / scale;
      expect(valueOf(subject, `container_${family}`, device), family).toBe(expected);
    }
    const [major, minor] = subject.numbers.split(":");
    const labels = [device, `major="${major}"`, `minor="${minor}"`];
    const operations = { Read: "rbytes", Write: "wbytes", Discard: "dbytes" };
    for (const [operation, key] of Object.entries(operations)) {
      const family = "container_blkio_device_usage_total";
      const said = valueOf(subject, family, ...labels, `operation="${operation}"`);
      expect(said, operation).toBe(Number(told.get(key)));
    }
    expect(Number(told.get("dbytes"))).toBe(65_536);
    expect(Number(told.get("cost.usage"))).toBeGreaterThan(0);
  });

  test("has of the machine's disk what /proc/diskstats has", () => {
    const { texts, machine, device } = tellOf("disk") as Disk;
    const fields = (texts["diskstats"] ?? "").trim().split(/\s+/).slice(3).map(Number);
    for (const [family, field, scale] of DISK_FAMILIES) {
      const labels = ['id="/"', `device="${device}"`];
      const said = seriesValue(machine, `container_fs_${family}`, labels);
      expect(said, family).toBe(fields[field]! / scale);
    }
    expect(fields[6]).toBe((60 * 4096) / 512);
  });

  test("has sockets by state, over IPv4 and IPv6", () => {
    const subject = subjectOf(tellOf, "sockets");
    const tcp = "container_network_tcp_usage_total";
    expect(valuesBy(subject, tcp, "tcp_state")).toEqual(statesOf(subject, "net/tcp"));
    expect(statesOf(subject, "net/tcp")).toEqual({ listen: 3, established: 40 });
    const tcp6 = "container_network_tcp6_usage_total";
    expect(valuesBy(subject, tcp6, "tcp_state")).toEqual(statesOf(subject, "net/tcp6"));
    expect(statesOf(subject, "net/tcp6")).toEqual({ listen: 1, established: 10 });
    for (const version of ["", "6"]) {
      const said = valuesBy(subject, `container_network_udp${version}_usage_total`, "udp_state");
      const expected = datagramsOf(subject, `net/udp${version}`);
      expect(said).toEqual(expected);
      expect(expected["listen"]).toBe(2);
      expect(expected["rxqueued"]).toBeGreaterThanOrEqual(5 * 100);
    }
  });

  test("has the kernel's counters of TCP, each of them", () => {
    const subject = subjectOf(tellOf, "sockets");
    const said = valuesBy(subject, "container_network_advance_tcp_stats_total", "tcp_state");
    const kernel = countersOf(subject);
    expect(said).toMatchObject({ activeopens: 25, passiveopens: 25, currestab: 50 });
    for (const [name, value] of Object.entries(said)) expect(value, name).toBe(kernel.get(name));
  });
}
