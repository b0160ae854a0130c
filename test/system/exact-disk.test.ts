import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type LoopDisk, openLoopDisk } from "../testbed/loop-disk.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { DISK_FAMILIES } from "./disk-families.ts";
import { saidNext } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

let cgroups: Cgroups;
let program: Program;
let agent: string;
let disk: LoopDisk | undefined;

const WRITTEN = 60 * 4096;
const READ = 40 * 8192;

/** Writes to the disk and reads from it, past the cache, then stops. */
async function work(cgroup: PlainCgroup, { device }: LoopDisk): Promise<Child> {
  const shell = `dd if=/dev/zero of=${device} bs=4096 count=60 oflag=direct &&
    dd if=${device} of=/dev/null bs=8192 count=40 iflag=direct && kill -STOP $$`;
  const child = await cgroup.run(["sh", "-c", shell]);
  await until(
    "the workload to stop itself",
    async () => /^State:\s+T/m.test(await readFile(`/proc/${child.pid}/status`, "utf8")),
    { log: () => child.tail(), ended: () => child.ended() },
  );
  return child;
}

/** The fields behind the names of `/proc/diskstats`, by name. */
function diskstats(): Map<string, number[]> {
  const lines = readFileSync("/proc/diskstats", "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [, , name = "", ...fields] = line.trim().split(/\s+/);
      return [name, fields.map(Number)];
    }),
  );
}

const BYTE_COLUMNS = { fs_read_bytes: 2, fs_write_bytes: 6 };
const COUNT_COLUMNS = { fs_reads: 0, fs_writes: 4 };

/** The sums that the machine must have: whole disks with nothing below them. */
function machineSums(): Record<string, number> {
  const own = [...diskstats()].filter(([name]) => {
    const folder = `/sys/block/${name}`;
    const isOwn = /^(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name);
    return isOwn && readFileSync(`${folder}/size`, "utf8").trim() !== "0";
  });
  const sum = (field: number): number =>
    own.reduce((total, [, fields]) => total + (fields[field] ?? 0), 0);
  return Object.fromEntries([
    ...Object.entries(BYTE_COLUMNS).map(([column, field]) => [column, sum(field) * 512]),
    ...Object.entries(COUNT_COLUMNS).map(([column, field]) => [column, sum(field)]),
  ]);
}

describeWith(["cgroups"], "the agent's numbers of disks", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    disk = await openLoopDisk();
    ({ program, url: agent } = await startAgent(NO_ENGINE));
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
    await disk?.close();
  });

  test("have every byte of a cgroup by kind of operation, as its file has them", async () => {
    if (disk === undefined) return;
    const { device, numbers } = disk;
    const cgroup = await cgroups.create("worker");
    await work(cgroup, disk);
    const of = (operation: string): string => `operation="${operation}"`;
    const family = "container_blkio_device_usage_total";
    const [major = "", minor = ""] = numbers.split(":");
    const labels = [
      `id="${cgroup.path}"`,
      `device="${device}"`,
      `major="${major}"`,
      `minor="${minor}"`,
    ];
    const page = await until("the agent to notice that the kernel counts", async () => {
      const { page: now } = await saidNext(agent, cgroup.path);
      const bytes = seriesValue(now, family, [...labels, of("Read")]);
      return bytes === READ && now;
    });

    expect(seriesValue(page, family, [...labels, of("Write")])).toBe(WRITTEN);
    expect(seriesValue(page, family, [...labels, of("Discard")])).toBe(0);
    const series = page
      .split("\n")
      .filter((line) => line.startsWith(`${family}{id="${cgroup.path}"`));
    if (cgroups.version === 2) {
      expect(series).toHaveLength(3);
      return;
    }
    const book = await cgroup.read("blkio", "blkio.bfq.io_service_bytes_recursive");
    const lines = book.split("\n").filter((line) => line.startsWith(`${numbers} `));
    expect(lines).toContain(`${numbers} Total ${READ + WRITTEN}`);
    expect(series).toHaveLength(lines.length);
    for (const line of lines) {
      const [, operation = "", bytes] = line.split(" ");
      expect(seriesValue(page, family, [...labels, of(operation)]), line).toBe(Number(bytes));
    }
  });

  test("are those of /proc/diskstats for the machine, to the unit, on a disk that is left alone", async () => {
    if (disk === undefined) return;
    const name = path.basename(disk.device);
    const before = diskstats().get(name) ?? [];
    await work(await cgroups.create("second"), disk);

    const { page } = await saidNext(agent, "/");

    const fields = diskstats().get(name) ?? [];
    expect(fields[2]! - before[2]!).toBe(READ / 512);
    expect(fields[6]! - before[6]!).toBe(WRITTEN / 512);
    for (const [family, field, scale] of DISK_FAMILIES) {
      const value = seriesValue(page, `container_fs_${family}`, [
        'id="/"',
        `device="${disk.device}"`,
      ]);
      expect(value, family).toBe(fields[field]! / scale);
    }
  });

  test("lie between what the kernel says before and after, for every disk and for all together", async () => {
    const [before, sumsBefore] = [diskstats(), machineSums()];
    const { page, sample } = await saidNext(agent, "/");
    const [after, sumsAfter] = [diskstats(), machineSums()];
    let compared = 0;
    for (const [name, fields] of before) {
      for (const [family, field, scale] of DISK_FAMILIES) {
        const labels = ['id="/"', `device="/dev/${name}"`];
        const value = seriesValue(page, `container_fs_${family}`, labels);
        if (value === undefined || family === "io_current") continue;
        compared++;
        expect(value, `${family} of ${name}`).toBeGreaterThanOrEqual(fields[field]! / scale);
        expect(value, `${family} of ${name}`).toBeLessThanOrEqual(after.get(name)![field]! / scale);
      }
    }
    expect(compared).toBeGreaterThan(0);
    for (const [column, sum] of Object.entries(sumsBefore)) {
      expect(sample.columns[column], column).toBeGreaterThanOrEqual(sum);
      expect(sample.columns[column], column).toBeLessThanOrEqual(sumsAfter[column]!);
    }
  });

  test("are there once each, and only the machine has the machine's", async () => {
    const cgroup = await cgroups.create("idle", { process: true });
    await saidNext(agent, cgroup.path);
    const lines = (await ask(`${agent}/metrics`)).split("\n");
    const series = lines
      .filter((line) => /^container_(?:fs|blkio)_/.test(line))
      .map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(series).size).toBe(series.length);
    expect(series.filter((line) => line.includes(`id="${cgroup.path}"`))).toEqual([]);
    const weighted = series.filter((line) => line.includes("io_time_weighted"));
    expect(weighted.length).toBeGreaterThan(0);
    for (const line of weighted) expect(line).toContain('{id="/",');
  });
});
