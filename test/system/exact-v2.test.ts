import { readdirSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import { beforeAll, expect, test } from "vitest";

import type { FeedContainer, FeedHead } from "../../wire/feed.ts";
import { allMetrics } from "../../wire/metrics/all.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { commandPath } from "../testbed/parts.ts";
import { prepareVm, runInVm } from "../testbed/vm.ts";
import { checkFamilies } from "./check-families.ts";
import { expectExactly, rawSamples, type RawSample } from "./exactly.ts";
import { type Need, NEEDS } from "./family-row.ts";
import { kernelNumbers, type KernelTexts } from "./kernel-numbers.ts";
import { testEngine } from "./v2-engine.ts";
import { testLeftovers } from "./v2-leftovers.ts";
import { testMemory } from "./v2-memory.ts";
import { testTasks } from "./v2-tasks.ts";
import { testTraffic } from "./v2-traffic.ts";

/** What the agent in the guest said. */
interface Said {
  readonly head: FeedHead;
  readonly line: FeedContainer;
  readonly page: string;
  readonly stats: ContainerStats;
}

/** A line of the guest's: what it found out in one part of its run. */
type Result = Readonly<Record<string, unknown>>;

interface Compared extends Result {
  readonly id: string;
  readonly cgroup: string;
  readonly texts: KernelTexts;
  readonly said: Said;
}

const DISKS = { names: { "254:0": "/dev/vda", "254:16": "/dev/vdb" }, areAllCounted: true };

const PERF_EVENTS = { core: { events: ["page-faults", "context-switches", "task-clock"] } };

const GUEST = path.join(import.meta.dirname, "guest");

let exitCode: number;
let results: readonly Result[];

function tellOf(name: string): Result {
  const result = results.find((one) => one["name"] === name);
  if (result === undefined) throw new Error(`the guest told nothing of ${name}`);
  return result;
}

function sampleOf(cgroup: string, { head, line }: Said): RawSample {
  const sample = rawSamples({ head, lines: [line] }, cgroup).at(-1);
  if (sample === undefined) throw new Error(`the feed has no sample of ${cgroup}`);
  return sample;
}

/** The files without the devices that lie on others: the machine's sums leave those out. */
function onDisks(texts: KernelTexts): KernelTexts {
  const lines = (texts["io.stat"] ?? "").split("\n");
  const own = lines.filter((line) => Object.keys(DISKS.names).some((one) => line.startsWith(one)));
  return { ...texts, "io.stat": own.join("\n") };
}

/** Compares what the agent said of a container with the kernel's files, and returns its raw numbers. */
function compare(name: string): { columns: RawSample["columns"]; compared: Compared } {
  const compared = tellOf(name) as Compared;
  const { cgroup, texts, said } = compared;
  const sample = sampleOf(cgroup, said);
  const kernel = kernelNumbers(2, texts, DISKS);
  // What lies in its layer is compared elsewhere: the walk over it is done now and then.
  const { fs_usage_bytes: usage } = sample.columns;
  const columns = { ...kernel.columns, ...(usage === undefined ? {} : { fs_usage_bytes: usage }) };
  expectExactly({ sample, page: said.page, stats: said.stats }, { ...kernel, columns });
  return { columns: sample.columns, compared };
}

describeWith(["vm"], "under cgroup v2 and systemd the agent", () => {
  beforeAll(async () => {
    await prepareVm();
    const programs = readdirSync(GUEST);
    const run = await runInVm({
      files: {
        "rootfs/bin/busybox": { from: commandPath("static busybox") },
        ...Object.fromEntries(programs.map((name) => [name, { from: path.join(GUEST, name) }])),
        "needs.json": JSON.stringify(NEEDS),
        "perf.json": JSON.stringify(PERF_EVENTS),
      },
      command: "node exact-v2.mjs; code=$?; node families.mjs && exit $code",
      timeoutMs: 15 * 60_000,
    });
    exitCode = run.exitCode;
    const lines = run.output.split("\n");
    results = lines
      .filter((line) => line.startsWith("RESULT "))
      .map((line) => JSON.parse(line.slice("RESULT ".length)) as Result);
    if (exitCode === 0) return;
    console.log(lines.filter((line) => !line.startsWith("RESULT ")).join("\n"));
  }, 35 * 60_000);

  test("has the kernel's numbers of a container under limits, and the CPU time that it used", () => {
    const { columns, compared } = compare("burner");
    const used = Number(compared["used"]) * 1000;
    expect(used).toBeGreaterThan(2e9);
    // It is started and stopped in it too, which is slow here.
    expect(columns["cpu_usage_nanoseconds"]).toBeGreaterThanOrEqual(used);
    expect(columns["cpu_usage_nanoseconds"]).toBeLessThan(used + 2e9);
    expect(columns["cpu_throttled_periods"]).toBeGreaterThan(0);
    expect(columns["cpu_throttled_nanoseconds"]).toBeGreaterThan(0);
  });

  test("knows who it is", () => {
    const { id, said } = tellOf("burner") as Compared;
    expect(said.stats).toMatchObject({
      id: `/system.slice/docker-${id}.scope`,
      container_id: id,
      name: "shop-web-1",
      image: "busybox:1",
      runtime: "docker",
      groups: { compose_project: "shop", service: "web" },
      limits: { cpu_cores: 0.5, memory_bytes: 64 << 20, pids: 100 },
    });
    const names = said.page.split("\n").filter((line) => line.includes('name="shop-web-1"'));
    expect(names).toHaveLength(said.page.split("\n").length);
  });

  test("has its new limits when they are changed", () => {
    expect(tellOf("updated")["limits"]).toEqual({
      cpu_cores: 0.25,
      memory_bytes: 48 << 20,
      pids: 100,
    });
  });

  test("lets go of it when it is killed", () => {
    // What has been counted of it stays.
    const left = tellOf("gone")["left"] as string[];
    expect(left.filter((line) => !/^container_(?:oom_)?events_total\{/.test(line))).toEqual([]);
  });

  test("has every byte that was written and read, and every request", () => {
    const { columns, compared } = compare("writer");
    const texts = { "io.stat": String(compared["before"]) };
    const before = kernelNumbers(2, texts, DISKS).columns;
    const grown = (name: string): number => columns[name]! - before[name]!;
    expect({
      written: grown("fs_write_bytes"),
      writes: grown("fs_writes"),
      read: grown("fs_read_bytes"),
      reads: grown("fs_reads"),
    }).toEqual({ written: 200 * 4096, writes: 200, read: 60 * 8192, reads: 60 });
  });

  test("has a kill for the lack of memory", () => {
    expect(compare("killed").columns).toMatchObject({
      memory_oom_kills: 1,
      memory_max_usage_bytes: 16 << 20,
    });
  });

  test("has what was moved to swap", () => {
    const { columns } = compare("swapped");
    expect(columns["memory_swap_bytes"]).toBeGreaterThanOrEqual(24 << 20);
    expect(columns["memory_swap_bytes"]! + columns["memory_usage_bytes"]!).toBeGreaterThanOrEqual(
      40 << 20,
    );
  });

  test("has page faults, page cache and files in memory", () => {
    const { columns, compared } = compare("reader");
    const pages = Number(compared["pages"]);
    expect(columns["memory_faults"]).toBeGreaterThanOrEqual(pages);
    expect(columns["memory_faults"]).toBeLessThan(pages + 5000);
    expect(columns["memory_major_faults"]).toBeGreaterThan(0);
    expect(columns["memory_mapped_file_bytes"]).toBeGreaterThan(0);
    const { memory_active_file_bytes: active, memory_inactive_file_bytes: inactive } = columns;
    expect(active! + inactive!).toBeGreaterThanOrEqual(8 << 20);
  });

  test("has every process and thread", () => {
    expect(compare("crew").columns).toMatchObject({ processes: 5, threads: 5 });
  });

  test("has the traffic of a container with a network", () => {
    const { columns } = compare("networked");
    // Five echo requests: before the data stand 8 bytes of ICMP, 20 of IPv4 and 14 of Ethernet.
    expect(columns["network_transmit_bytes"]).toBeGreaterThanOrEqual(5 * (1000 + 8 + 20 + 14));
    expect(columns["network_transmit_packets"]).toBeGreaterThanOrEqual(5);
    expect(columns["network_receive_packets"]).toBeGreaterThanOrEqual(5);
  });

  test("has of the machine what lies between its files before and after", () => {
    const { before, after, said } = tellOf("machine");
    const least = kernelNumbers(2, onDisks(before as KernelTexts), DISKS).columns;
    const most = kernelNumbers(2, onDisks(after as KernelTexts), DISKS).columns;
    const { columns } = sampleOf("/", said as Said);
    const counters = allMetrics.filter(({ name, type }) => type === "counter" && name in least);
    expect(counters.length).toBeGreaterThan(8);
    for (const { name } of counters) {
      expect(columns[name], name).toBeGreaterThanOrEqual(least[name]!);
      expect(columns[name], name).toBeLessThanOrEqual(most[name]!);
    }
  });

  testMemory(tellOf);
  testTasks(tellOf);
  testTraffic(tellOf);
  testLeftovers(tellOf);
  testEngine(tellOf);

  test("has every family of the contract", () => {
    const families = tellOf("families");
    const page = gunzipSync(Buffer.from(String(families["page"]), "base64")).toString();
    const has = new Set(families["has"] as Need[]);
    const complaints = checkFamilies(page, {
      version: 2,
      container: String(families["cgroup"]),
      isOn: () => true,
      has: (need) => has.has(need),
    });
    expect(complaints).toEqual([]);
  });

  test("ends when it is asked to", () => {
    expect(tellOf("ended")).toEqual({ name: "ended", code: 0, signal: null });
    expect(exitCode).toBe(0);
  });
});
