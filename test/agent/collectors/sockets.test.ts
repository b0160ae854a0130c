import { setTimeout } from "node:timers/promises";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { advancedTcp, parsePair } from "../../../agent/collectors/advanced-tcp.ts";
import type { Collector, Host, Probe } from "../../../agent/collectors/collector.ts";
import { type AddLine, addLines } from "../../../agent/collectors/socket-list.ts";
import { addTcp, tcp } from "../../../agent/collectors/tcp.ts";
import { addUdp, udp } from "../../../agent/collectors/udp.ts";
import { ADVANCED_TCP_STATES } from "../../../wire/metrics/advanced-tcp.ts";
import { TCP_STATES } from "../../../wire/metrics/tcp.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { mutated } from "./mutated.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";

const TCP_HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

function tcpLine(state: string, slot = 0): string {
  return `${String(slot).padStart(4)}: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1225 1 0000000016b9a8e2 100 0 0 10 0\n`;
}

const UDP_HEAD =
  "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";

function udpLine(sent: string, received: string, drops: number): string {
  return ` 3210: 00000000:0044 00000000:0000 07 ${sent}:${received} 00:00000000 00000000     0        0 27117 2 00000000cd5a3f4c ${drops}        \n`;
}

let kernel: FakeKernel;
let host: Host;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  host = kernel.host();
  kernel.write(`pids${WEB}/cgroup.procs`, "28029\n");
  kernel.process(28_029, "net:[2]");
});
afterEach(() => kernel[Symbol.dispose]());

/** The first or the second of the values, by label; those that are absent left out. */
function valuesOf(probe: Probe, place = 0): Record<string, number> {
  const cells = [...(probe.series ?? [])].map(
    ([label, values]) => [label.slice(label.indexOf('"') + 1, -1), values[place] ?? NaN] as const,
  );
  return Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value)));
}

/** Samples until the lists have been read, which goes on beside it, at least once more. */
async function settle(probe: Probe): Promise<Probe> {
  for (let sample = 0; sample < 4; sample++) {
    sampleOf(probe);
    await setTimeout(20);
  }
  sampleOf(probe);
  return probe;
}

function sampled(collector: Collector): Promise<Probe> {
  return settle(probeOf(kernel, host, collector, WEB));
}

const NO_SOCKETS = Object.fromEntries(TCP_STATES.map((state) => [state, 0]));

describe("TCP sockets", () => {
  it("are counted by state, over IPv4 and IPv6, those that are asked for with those that are accepted", async () => {
    const states = ["0A", "01", "01", "0B", "03", "0C"].map((state) => tcpLine(state));
    kernel.proc("28029/net/tcp", TCP_HEAD + states.join(""));
    kernel.proc("28029/net/tcp6", TCP_HEAD + tcpLine("06"));
    const probe = await sampled(tcp);
    expect(valuesOf(probe)).toEqual({
      ...NO_SOCKETS,
      listen: 1,
      established: 2,
      closing: 1,
      synrecv: 2,
    });
    expect(valuesOf(probe, 1)).toEqual({ ...NO_SOCKETS, timewait: 1 });
  });

  it("are absent over IPv6 where that is off", async () => {
    kernel.proc("28029/net/tcp", TCP_HEAD);
    const probe = await sampled(tcp);
    expect(valuesOf(probe)).toEqual(NO_SOCKETS);
    expect(valuesOf(probe, 1)).toEqual({});
  });

  it("are counted again each time, and all of them where they are many", async () => {
    const lines = Array.from({ length: 5000 }, (_, slot) => tcpLine("01", slot));
    kernel.proc("28029/net/tcp", TCP_HEAD + lines.join(""));
    const probe = await sampled(tcp);
    expect(valuesOf(probe)).toEqual({ ...NO_SOCKETS, established: 5000 });
    kernel.proc("28029/net/tcp", TCP_HEAD + lines.slice(0, 3).join(""));
    await settle(probe);
    expect(valuesOf(probe)).toEqual({ ...NO_SOCKETS, established: 3 });
  });

  it("do not make a read fail in a state that nobody knows", async () => {
    const states = ["01", "0D", "FF", "00", "0x", ""].map((state) => tcpLine(state));
    kernel.proc("28029/net/tcp", TCP_HEAD + states.join(""));
    expect(valuesOf(await sampled(tcp))).toEqual({ ...NO_SOCKETS, established: 1 });
  });
});

describe("UDP sockets", () => {
  it("are counted, with what waits in them, either way, and what they dropped", async () => {
    const lines = udpLine("00000010", "00000100", 3) + udpLine("00000001", "00000A00", 4);
    kernel.proc("28029/net/udp", UDP_HEAD + lines);
    kernel.proc("28029/net/udp6", UDP_HEAD);
    const probe = await sampled(udp);
    expect(valuesOf(probe)).toEqual({
      listen: 2,
      dropped: 7,
      rxqueued: 0x100 + 0xa00,
      txqueued: 0x11,
    });
    expect(valuesOf(probe, 1)).toEqual({ listen: 0, dropped: 0, rxqueued: 0, txqueued: 0 });
  });
});

describe("lines of sockets", () => {
  const count = (text: string, width: number, add: AddLine): number[] => {
    const counts = new Float64Array(width);
    const bytes = new TextEncoder().encode(text);
    addLines(bytes, bytes.length, counts, add);
    return [...counts];
  };

  it("are passed over when they are cut", () => {
    expect(count(tcpLine("01").slice(0, -1), 11, addTcp)).toEqual(Array(11).fill(0));
    expect(count(`${udpLine("0", "0", 1).trimEnd().slice(0, -1)}\n`, 4, addUdp)).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it("never make more sockets than there are lines, nor anything but numbers, and never throw", () => {
    const text = TCP_HEAD + tcpLine("01") + UDP_HEAD + udpLine("00000010", "00000100", 3);
    fc.assert(
      fc.property(mutated(text), (file) => {
        const lines = file.split("\n").length - 1;
        const tcpSockets = count(file, 11, addTcp).reduce((sum, one) => sum + one, 0);
        expect(tcpSockets).toBeLessThanOrEqual(lines);
        const [sockets, ...others] = count(file, 4, addUdp);
        expect(sockets).toBeLessThanOrEqual(lines);
        for (const other of others) expect(Number.isFinite(other)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("TCP in detail", () => {
  const SNMP =
    "Ip: Forwarding DefaultTTL\nIp: 1 64\n" +
    "Tcp: RtoAlgorithm RtoMin MaxConn RetransSegs\nTcp: 1 200 -1 906\nUdp: InDatagrams\nUdp: 5\n";
  const NETSTAT =
    "TcpExt: TW TCPTimeouts TCPNewThing PAWSEstab\nTcpExt: 12 34 56 78\nIpExt: InOctets\nIpExt: 1\n";

  it("is what the kernel counts, by cAdvisor's names; what it does not count is absent", async () => {
    kernel.proc("28029/net/snmp", SNMP);
    kernel.proc("28029/net/netstat", NETSTAT);
    const probe = await sampled(advancedTcp);
    expect(valuesOf(probe)).toEqual({
      rtoalgorithm: 1,
      rtomin: 200,
      maxconn: -1,
      retranssegs: 906,
      tw: 12,
      tcptimeouts: 34,
      pawsestab: 78,
    });
    kernel.proc("28029/net/netstat", NETSTAT.replace("34", "35"));
    sampleOf(probe);
    expect(valuesOf(probe)).toMatchObject({ tcptimeouts: 35, retranssegs: 906 });
  });

  it("has 99 names, each once", () => {
    expect(new Set(ADVANCED_TCP_STATES).size).toBe(99);
    expect(ADVANCED_TCP_STATES).toHaveLength(99);
  });

  it("is absent where the lines do not belong together", () => {
    const parse = (text: string): [string, number][] => {
      const found: [string, number][] = [];
      parsePair(text, "Tcp:", (name, value) => found.push([name, value]));
      return found;
    };
    expect(parse("Tcp: A B\nTcp: 1 2\n")).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    for (const text of [
      "",
      "Tcp: A B\n",
      "Tcp: A B\nTcp: 1\n",
      "Tcp: A\nUdp: 1\n",
      "Tcp: A\nTcp: 1",
    ]) {
      expect(parse(text)).toEqual([]);
    }
    expect(parse("Tcp: A B\nTcp: 1x 2\n")).toEqual([["b", 2]]);
  });
});
