import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import { runToEnd } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Program } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { seriesValue } from "./ask.ts";
import {
  type Expected,
  expectedV1,
  expectedV2,
  labelled,
  numaPages,
  seriesOf,
  type Texts,
} from "./memory-numbers.ts";
import { saidNext } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";
import { stopped } from "./stopped.ts";

const FILES = {
  1: {
    memory: [
      "memory.stat",
      "memory.usage_in_bytes",
      "memory.max_usage_in_bytes",
      "memory.kmem.usage_in_bytes",
      "memory.failcnt",
      "memory.numa_stat",
    ],
    cpuset: ["cpuset.memory_migrate"],
  },
  2: {
    memory: [
      "memory.stat",
      "memory.current",
      "memory.peak",
      "memory.events",
      "memory.swap.current",
      "memory.numa_stat",
    ],
  },
} as const;

/** A cgroup that stands still is read whole in every fifth sample. */
const SAMPLES = 5;

let cgroups: Cgroups;
let program: Program;
let agent: string;

async function read(cgroup: PlainCgroup): Promise<Texts> {
  const texts: Record<string, string> = {};
  for (const [controller, files] of Object.entries(FILES[cgroups.version])) {
    for (const file of files) {
      const found = path.join(cgroup.folder(controller), file);
      if (existsSync(found)) texts[file] = await readFile(found, "utf8");
    }
  }
  return texts;
}

function saidOf(page: string, cgroup: PlainCgroup, wanted: Expected): Expected {
  const cells = Object.keys(wanted).map((key) => {
    const [family = "", ...labels] = key.split(" ");
    return [key, seriesValue(page, family, [`id="${cgroup.path}"`, ...labels])] as const;
  });
  return Object.fromEntries(cells);
}

/** The page after so many samples during which these files said the same, and what they said. */
async function unmoved(
  cgroup: PlainCgroup,
  samples: number = SAMPLES,
): Promise<{ page: string; texts: Texts }> {
  return until(
    "the kernel's numbers to stay what they are",
    async () => {
      const texts = await read(cgroup);
      // The first whole sample of two is behind it then.
      if (samples > 1) await sleep(samples * 1000);
      const { page } = await saidNext(agent, cgroup.path);
      return JSON.stringify(await read(cgroup)) === JSON.stringify(texts) && { page, texts };
    },
    { timeoutMs: 90_000 },
  );
}

/**
 * Takes from a cgroup that stands still what it has of files. The kernel may do so itself, page by page
 * for minutes, on a machine that it keeps lean; a new process of Node has much that it does not need again.
 */
async function empty(cgroup: PlainCgroup): Promise<void> {
  const [v1, v2] = ["memory.force_empty", "memory.reclaim"].map((file) =>
    path.join(cgroup.folder("memory"), file),
  );
  const isFirst = v1 !== undefined && existsSync(v1);
  // It says so if there was less to take than it was told.
  await writeFile((isFirst ? v1 : v2) ?? "", isFirst ? "0" : "1G").catch(() => undefined);
}

/** Compares a cgroup that does nothing any more; returns what was said. */
async function compare(cgroup: PlainCgroup, samples?: number): Promise<Expected> {
  const { page, texts } = await unmoved(cgroup, samples);
  const expected = cgroups.version === 1 ? expectedV1(texts) : expectedV2(texts);
  const said = saidOf(page, cgroup, expected);
  expect(said).toEqual(expected);
  return said;
}

/** A folder that is on a disk: /tmp may be in memory itself. */
async function folderOnDisk(): Promise<string> {
  const folder = await mkdtemp("/var/tmp/plimsoll-test-");
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Takes memory page by page; huge pages are not asked for. */
function touch(pages: number): string[] {
  return ["sh", "-c", `dd if=/dev/zero of=/dev/null bs=${pages * 4096} count=1; kill -STOP $$`];
}

const THREADS = `
  import { Worker } from "node:worker_threads";
  const wait = "require('node:worker_threads').parentPort.on('message', () => {})";
  const workers = Array.from({ length: 20 }, () => new Worker(wait, { eval: true }));
  await Promise.all(workers.map((worker) => new Promise((done) => worker.on("online", done))));
  process.kill(process.pid, "SIGSTOP");`;

describeWith(["cgroups"], "the agent's numbers of memory", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    ({ program, url: agent } = await startAgent(
      NO_ENGINE,
      "--metrics-enable=cpu,memory,cpuset,memory_numa,referenced_memory",
    ));
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
  });

  test("have each page fault where it was, and with those above", async () => {
    const outer = await cgroups.create("outer");
    // On v2 a cgroup with children that have limits of their own holds no process.
    const inner = cgroups.version === 1 ? await cgroups.create("outer/inner") : outer;
    const [above, below] = [8000, 3000];
    await stopped(await outer.run(touch(above)));
    await stopped(await inner.run(touch(below)));

    const said = await compare(outer);

    const all = said[labelled("pgfault", "hierarchy")]!;
    expect(all).toBeGreaterThanOrEqual(above + below);
    expect(all).toBeLessThan(above + below + 2000);
    if (inner === outer) return;
    const own = said[labelled("pgfault", "container")]!;
    expect(own).toBeGreaterThanOrEqual(above);
    expect(own).toBeLessThan(above + 1000);
    const deeper = (await compare(inner))[labelled("pgfault", "container")]!;
    expect(own + deeper).toBe(all);
  });

  test("have what is to be written to a disk, until it has been", async () => {
    const cgroup = await cgroups.create("dirty");
    const folder = await folderOnDisk();
    const shell = `while dd if=/dev/zero of=file bs=1M count=8; do kill -STOP $$; done`;
    const child = await cgroup.run(["sh", "-c", shell], { cwd: folder });
    const size = 8 << 20;
    // Another program may have the disks written while this looks.
    const unwritten = await until("something to be unwritten", async () => {
      await stopped(child);
      const said = await compare(cgroup, 1);
      const isEnough = said["container_memory_file_dirty_bytes"]! >= size;
      if (!isEnough) child.signal("SIGCONT");
      return isEnough && said;
    });
    // With a block or two of the file system's own.
    expect(unwritten["container_memory_file_dirty_bytes"]).toBeLessThan(size + (64 << 10));
    expect(unwritten["container_memory_cache"]).toBeGreaterThanOrEqual(size);

    // Not by the cgroup itself, which goes on standing still.
    await runToEnd("sync", [path.join(folder, "file")]);

    await until("it to be written", async () => {
      const { page } = await saidNext(agent, cgroup.path);
      const id = [`id="${cgroup.path}"`];
      return seriesValue(page, "container_memory_file_dirty_bytes", id) === 0;
    });
    // What is clean can be taken away, which is all of it.
    await empty(cgroup);
    const clean = await compare(cgroup);
    expect(clean["container_memory_file_dirty_bytes"]).toBe(0);
  });

  test("have every time that the limit was hit, and what was dropped and needed again", async () => {
    const memoryBytes = 16 << 20;
    const cgroup = await cgroups.create("tight", { memoryBytes });
    const folder = await folderOnDisk();
    const shell = `dd if=/dev/zero of=file bs=1M count=48 && sync file &&
      for turn in 1 2; do cat file > /dev/null; done; kill -STOP $$`;
    await stopped(await cgroup.run(["sh", "-c", shell], { cwd: folder }));
    await empty(cgroup);

    const said = await compare(cgroup);

    expect(said["container_memory_max_usage_bytes"]).toBe(memoryBytes);
    const hits = said["container_memory_failcnt"]!;
    expect(hits).toBeGreaterThan(0);
    // No more often than there were pages to be written and read.
    expect(hits).toBeLessThan((3 * (48 << 20)) / 4096);
    expect(said["container_memory_workingset_refault_file_total"]).toBeGreaterThan(0);
    if (cgroups.version === 2) expect(said["container_memory_events_max_total"]).toBe(hits);
  });

  test("have what the kernel itself uses for its threads", async () => {
    const cgroup = await cgroups.create("kernel");
    const script = path.join(program.folder, "threads.mjs");
    await writeFile(script, THREADS);
    await stopped(await cgroup.run([process.execPath, script]));
    await empty(cgroup);

    const said = await compare(cgroup);

    // Each thread has a stack of 8 KiB at least in the kernel.
    expect(said["container_memory_kernel_usage"]).toBeGreaterThan(20 * 8192);
    expect(said["container_memory_kernel_usage"]).toBeLessThan(
      said["container_memory_usage_bytes"]!,
    );
  });

  test("have every page by node, and what the processes have used", async () => {
    const cgroup = await cgroups.create("nodes");
    const pages = 4000;
    const script = path.join(program.folder, "hold.mjs");
    await writeFile(
      script,
      `const held = Buffer.alloc(${pages * 4096}, 1); process.kill(process.pid, "SIGSTOP"); held.fill(2);`,
    );
    const child = await cgroup.run([process.execPath, script]);
    await stopped(child);
    await empty(cgroup);

    const { page, texts } = await unmoved(cgroup);

    const said = seriesOf(page, "container_memory_numa_pages", cgroup.path);
    expect(said).toEqual(numaPages(texts["memory.numa_stat"] ?? ""));
    const anon = [...said].filter(([labels]) => /anon.*hierarchy/.test(labels));
    const sum = anon.reduce((total, [, count]) => total + count, 0);
    expect(sum).toBeGreaterThanOrEqual(pages);
    expect(sum).toBeLessThan(pages + 30_000);

    const smaps = await readFile(`/proc/${child.pid}/smaps_rollup`, "utf8");
    const used = Number(/^Referenced: +(\d+) kB$/m.exec(smaps)?.[1]) * 1024;
    expect(used).toBeGreaterThanOrEqual(pages * 4096);
    expect(seriesOf(page, "container_referenced_bytes", cgroup.path)).toEqual(
      new Map([["", used]]),
    );
  });

  test("have whether memory follows a change of nodes", async () => {
    const cgroup = await cgroups.create("nodes-change", { process: true });
    if (cgroups.version === 1) {
      await writeFile(path.join(cgroup.folder("cpuset"), "cpuset.memory_migrate"), "1");
    }
    const { container_memory_migrate: said } = await compare(cgroup);
    expect(said).toBe(cgroups.version === 1 ? 1 : undefined);
  });
});
