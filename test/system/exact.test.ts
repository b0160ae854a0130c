import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { allMetrics } from "../../wire/metrics/all.ts";
import { openCable } from "../testbed/cable.ts";
import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type LoopDisk, openLoopDisk } from "../testbed/loop-disk.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { expectExactly, type RawSample } from "./exactly.ts";
import { askFeed } from "./feed.ts";
import { type Disks, kernelNumbers, type KernelTexts } from "./kernel-numbers.ts";
import { newestSample, readTexts, saidNext, standingStill, WHOLE } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";
import { stopped } from "./stopped.ts";

/** The machine's list of disks for which v1 counts. */
const BOOK = "blkio.throttle.io_service_bytes_recursive";

let cgroups: Cgroups;
let program: Program;
let agent: string;
let disk: LoopDisk | undefined;
let disks: Disks;

/** Reads what the kernel says of one cgroup. */
type Read = () => Promise<KernelTexts>;

function filesOf(cgroup: PlainCgroup): Read {
  return () => readTexts(cgroups.version, (controller) => cgroup.folder(controller));
}

/** Whether this v1 counts block I/O without being asked, as older kernels do. */
async function countsByItself(): Promise<boolean> {
  const one = await cgroups.create("one");
  const book = path.resolve(one.folder("blkio"), "../..", BOOK);
  return /^\d/.test(await readFile(book, "utf8"));
}

/** Compares a cgroup that does nothing any more, and returns its raw numbers. */
async function compare(
  cgroup: PlainCgroup,
  read: Read = filesOf(cgroup),
  more: RawSample["columns"] = {},
): Promise<RawSample["columns"]> {
  // What another than the cgroup changes in it shows some samples later.
  return compareAfter(1, cgroup, read, more).catch(() => compareAfter(WHOLE, cgroup, read, more));
}

async function compareAfter(
  samples: number,
  cgroup: PlainCgroup,
  read: Read,
  more: RawSample["columns"],
): Promise<RawSample["columns"]> {
  const { texts, said } = await standingStill(agent, cgroup.path, read, samples);
  const kernel = kernelNumbers(cgroups.version, texts, disks);
  expectExactly(said, { ...kernel, columns: { ...kernel.columns, ...more } });
  return said.sample.columns;
}

/** The same with the network of one of its processes. */
function withNetwork(cgroup: PlainCgroup, { pid }: Child): Read {
  return async () => ({
    ...(await filesOf(cgroup)()),
    "net/dev": await readFile(`/proc/${pid}/net/dev`, "utf8"),
  });
}

/** Counters of the machine itself, as its files have them now, but for those of its disks. */
async function machineNumbers(cgroup: PlainCgroup): Promise<RawSample["columns"]> {
  const root = (controller: string): string => path.resolve(cgroup.folder(controller), "../..");
  const texts = {
    ...(await readTexts(cgroups.version, root)),
    "net/dev": await readFile("/proc/1/net/dev", "utf8"),
  };
  const { columns } = kernelNumbers(cgroups.version, texts, disks);
  const counters = allMetrics
    .filter(({ type, group }) => type === "counter" && group !== "diskIO")
    .map(({ name }) => name);
  // v1's file of the root has only what happened outside of all cgroups.
  counters.splice(counters.indexOf("memory_oom_kills"), 1);
  return Object.fromEntries(Object.entries(columns).filter(([name]) => counters.includes(name)));
}

/** So that memory that has no room is not put elsewhere, where this machine has swap. */
async function forbidSwap(cgroup: PlainCgroup, memoryBytes: number): Promise<void> {
  const folder = cgroup.folder("memory");
  const [v1, v2] = [`${folder}/memory.memsw.limit_in_bytes`, `${folder}/memory.swap.max`];
  if (existsSync(v1)) await writeFile(v1, String(memoryBytes));
  if (existsSync(v2)) await writeFile(v2, "0");
}

async function scriptFile(name: string, text: string): Promise<string> {
  const file = path.join(program.folder, name);
  await writeFile(file, text);
  return file;
}

const STOP = `process.kill(process.pid, "SIGSTOP");`;

const DATAGRAMS = 300;

const LISTEN = `
  import { createSocket } from "node:dgram";
  const socket = createSocket("udp4");
  socket.bind(9000, () => console.log("up"));`;

/** Sends so many datagrams each time that it is let go. */
const SEND = `
  import { createSocket } from "node:dgram";
  const socket = createSocket("udp4");
  const data = Buffer.alloc(1000);
  const send = () => new Promise((done) => socket.send(data, 9000, process.argv[2], done));
  await new Promise((done) => socket.bind(done));
  for (let round = 1; ; round++) {
    ${STOP}
    for (let count = 0; count < ${DATAGRAMS}; count++) await send();
    process.stdout.write("round " + round + "\\n");
  }`;

async function sendAll(sender: Child): Promise<void> {
  const before = sender.stdout();
  sender.signal("SIGCONT");
  await until("all to be sent", () => sender.stdout() !== before);
  await stopped(sender);
}

describeWith(["cgroups", "network"], "the agent's numbers", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    const areAllCounted = cgroups.version === 2 || (await countsByItself());
    disk = await openLoopDisk();
    disks = {
      names: disk === undefined ? {} : { [disk.numbers]: disk.device },
      areAllCounted,
    };
    ({ program, url: agent } = await startAgent(NO_ENGINE, "--metrics-enable=all"));
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
    await disk?.close();
  });

  test("are the kernel's of a cgroup under a CPU quota, and its CPU time is what the process used", async () => {
    const cgroup = await cgroups.create("burner", { cpus: 0.5, memoryBytes: 64 << 20 });
    const script = await scriptFile(
      "burn.mjs",
      `const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
       while (used() < 2_000_000) for (let turn = 0; turn < 100_000; turn++);
       process.stdout.write(used() + "\\n", () => { ${STOP} });`,
    );
    const child = await cgroup.run([process.execPath, script]);
    await stopped(child);

    const columns = await compare(cgroup);

    const used = Number(child.stdout()) * 1000;
    expect(used).toBeGreaterThan(2e9);
    expect(Math.abs(columns["cpu_usage_nanoseconds"]! - used)).toBeLessThan(20e6);
    expect(columns["cpu_throttled_periods"]).toBeGreaterThan(0);
    expect(columns["cpu_throttled_nanoseconds"]).toBeGreaterThan(0);
    // The sample after two that are equal.
    const { stats } = await saidNext(agent, cgroup.path);
    expect(stats.limits).toEqual({ cpu_cores: 0.5, memory_bytes: 64 << 20, pids: null });
    expect(stats.latest["cpu_cores"]).toBe(0);
  });

  test("are the kernel's of page cache, of files in memory and of pages read from the disk", async () => {
    const cgroup = await cgroups.create("files");
    // Not under /tmp, which may be in memory itself.
    const folder = await mkdtemp("/var/tmp/plimsoll-test-");
    onTestFinished(() => rm(folder, { recursive: true }));
    const child = await cgroup.run(
      [
        "sh",
        "-c",
        `cp "$(command -v bash)" copy && dd if=/dev/zero of=file bs=1M count=8 && sync file copy &&
         cat file file > /dev/null && dd if=copy iflag=nocache count=0 &&
         exec ./copy -c 'kill -STOP $$'`,
      ],
      { cwd: folder },
    );
    await stopped(child);

    const columns = await compare(cgroup);

    expect(columns["memory_cache_bytes"]).toBeGreaterThan(8 << 20);
    for (const column of ["mapped_file_bytes", "active_file_bytes", "major_faults"]) {
      expect(columns[`memory_${column}`], column).toBeGreaterThan(0);
    }
    // The file is in the cache whole, on one list or the other.
    const { memory_active_file_bytes: active, memory_inactive_file_bytes: inactive } = columns;
    expect(active! + inactive!).toBeGreaterThanOrEqual(8 << 20);
  });

  test("have a page fault for each page that is touched", async () => {
    const cgroup = await cgroups.create("pages");
    // Memory in huge pages takes one fault for 512 pages; in less than 2 MiB there can't be any.
    const huge = "/sys/kernel/mm/transparent_hugepage/enabled";
    const isHuge = existsSync(huge) && readFileSync(huge, "utf8").includes("[always]");
    const pages = isHuge ? 500 : 10_000;
    const shell = `dd if=/dev/zero of=/dev/null bs=${pages * 4096} count=1; kill -STOP $$`;
    await stopped(await cgroup.run(["sh", "-c", shell]));

    const columns = await compare(cgroup);

    expect(columns["memory_faults"]).toBeGreaterThanOrEqual(pages);
    expect(columns["memory_faults"]).toBeLessThan(pages + 1000);
    expect(columns["memory_max_usage_bytes"]).toBeGreaterThanOrEqual(pages * 4096);
  });

  test("have a kill for the lack of memory", async () => {
    const memoryBytes = 16 << 20;
    const outer = await cgroups.create("oom", { memoryBytes });
    await forbidSwap(outer, memoryBytes);
    // On v2 a cgroup with children and limits for them may hold no process.
    const inner = cgroups.version === 1 ? await cgroups.create("oom/inner") : outer;
    const child = await inner.run(["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"]);
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });

    expect(await compare(inner)).toMatchObject({ memory_oom_kills: 1, processes: 0, threads: 0 });
    // v1 counts a kill only where the process was; the agent does for those above it too.
    const columns = await compare(outer, filesOf(outer), { memory_oom_kills: 1 });
    expect(columns).toMatchObject({ memory_max_usage_bytes: memoryBytes });
  });

  test("have every process at the next sample, and every thread", async () => {
    const cgroup = await cgroups.create("crew");
    await until("it to be seen", () => newestSample(agent, cgroup.path));
    for (let count = 1; count <= 4; count++) {
      const child = await cgroup.run(["sleep", "1000"]);
      await until("it to have become what it is", async () =>
        (await readFile(`/proc/${child.pid}/comm`, "utf8")).startsWith("sleep"),
      );
      const { sample } = await saidNext(agent, cgroup.path);
      expect(sample.columns).toMatchObject({ processes: count, threads: count });
    }
    const script = await scriptFile(
      "threads.mjs",
      `import { Worker } from "node:worker_threads";
       import { readdirSync } from "node:fs";
       const before = readdirSync("/proc/self/task").length;
       const wait = "require('node:worker_threads').parentPort.on('message', () => {})";
       const workers = Array.from({ length: 7 }, () => new Worker(wait, { eval: true }));
       await Promise.all(workers.map((worker) => new Promise((done) => worker.on("online", done))));
       const after = readdirSync("/proc/self/task").length;
       process.stdout.write(before + " " + after + "\\n", () => { ${STOP} });`,
    );
    const child = await cgroup.run([process.execPath, script]);
    await stopped(child);

    const columns = await compare(cgroup);

    const [before, after] = child.stdout().split(" ").map(Number);
    expect(after! - before!).toBeGreaterThanOrEqual(7);
    expect(columns).toMatchObject({ processes: 5, threads: 4 + after! });
  });

  test("have every byte and packet of a network, and those that were dropped", async () => {
    const cable = await openCable();
    onTestFinished(() => cable.close());
    const [near, far] = cable.ends;
    const [from, to] = [await cgroups.create("sender"), await cgroups.create("receiver")];
    const listener = await to.run([process.execPath, await scriptFile("listen.mjs", LISTEN)], {
      netns: far.netns,
    });
    await until("it to listen", () => listener.stdout() !== "");
    const sender = await from.run(
      [process.execPath, await scriptFile("send.mjs", SEND), far.address],
      { netns: near.netns },
    );
    await stopped(sender);
    expect(await compare(from, withNetwork(from, sender))).toMatchObject({
      network_transmit_bytes: 0,
      network_receive_bytes: 0,
    });

    await sendAll(sender);

    // Before the data stand 8 bytes of UDP, 20 of IPv4 and 14 of Ethernet.
    const bytes = DATAGRAMS * (1000 + 8 + 20 + 14);
    expect(await compare(from, withNetwork(from, sender))).toMatchObject({
      network_transmit_bytes: bytes,
      network_transmit_packets: DATAGRAMS,
      network_receive_bytes: 0,
    });

    await far.setMtu(600);
    await sendAll(sender);

    expect(await compare(from, withNetwork(from, sender))).toMatchObject({
      network_transmit_bytes: bytes,
      network_transmit_dropped: DATAGRAMS,
    });
    listener.signal("SIGSTOP");
    expect(await compare(to, withNetwork(to, listener))).toMatchObject({
      network_receive_bytes: bytes,
      network_receive_packets: DATAGRAMS,
      network_receive_dropped: DATAGRAMS,
      network_transmit_packets: 0,
    });
  });

  test("have no block I/O where the kernel does not count it, and every byte where it does", async () => {
    const cgroup = await cgroups.create("writer");
    const idle = await cgroups.create("idle", { process: true });
    await compare(idle);
    if (disk === undefined) return;
    const { device } = disk;
    const shell = `dd if=/dev/zero of=${device} bs=4096 count=50 oflag=direct &&
      dd if=${device} of=/dev/null bs=8192 count=30 iflag=direct && kill -STOP $$`;
    await stopped(await cgroup.run(["sh", "-c", shell]));
    const isSeen = async (): Promise<boolean> =>
      (await ask(`${agent}/metrics`)).includes(`container_fs_writes_total{id="${cgroup.path}"`);
    await until("the agent to notice that the kernel counts", isSeen);

    await compare(cgroup);

    const page = await ask(`${agent}/metrics`);
    const series = page
      .split("\n")
      .filter(
        (line) => line.startsWith("container_fs_") && line.includes(`id="${cgroup.path}",device=`),
      );
    expect(series).toEqual([
      `container_fs_reads_bytes_total{id="${cgroup.path}",device="${device}"} ${30 * 8192}`,
      `container_fs_reads_total{id="${cgroup.path}",device="${device}"} 30`,
      `container_fs_writes_bytes_total{id="${cgroup.path}",device="${device}"} ${50 * 4096}`,
      `container_fs_writes_total{id="${cgroup.path}",device="${device}"} 50`,
    ]);
    const columns = await compare(idle);
    if (!disks.areAllCounted) expect(Object.keys(columns).join()).not.toContain("fs_");
  });

  test("lie, for the machine itself, between what its files say before and after", async () => {
    const one = await cgroups.create("machine");
    const before = await machineNumbers(one);
    const { sample } = await saidNext(agent, "/");
    const after = await machineNumbers(one);
    for (const [column, value] of Object.entries(before)) {
      expect(sample.columns[column], column).toBeGreaterThanOrEqual(value);
      expect(sample.columns[column], column).toBeLessThanOrEqual(after[column]!);
    }
  });

  test("are all that there are", async () => {
    const { head } = await askFeed(agent);
    expect(head.columns.toSorted()).toEqual(allMetrics.map(({ name }) => name).toSorted());
  });
});
