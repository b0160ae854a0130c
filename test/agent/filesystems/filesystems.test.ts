import { linkSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { filesystem } from "../../../agent/collectors/filesystem.ts";
import { Filesystems } from "../../../agent/filesystems/filesystems.ts";
import type { Watch } from "../../../agent/filesystems/usage.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { columnOf, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { filesystemMetrics } from "../../../wire/metrics/filesystem.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { DOCKER as RECORDED, DOCKER_UPPER, ID, MACHINE } from "./mounts.ts";

/** With one volume only. */
const DOCKER = RECORDED.replace(/^93 .*\n/m, "");

const CGROUP = `/docker/${ID}`;
const LOG = `/var/lib/docker/containers/${ID}/${ID}-json.log`;
const VOLUME = "/var/lib/docker/volumes/vol1/_data";

let kernel: FakeKernel;
let filesystems: Filesystems;
let now: number;

/** Writes a file of the machine. */
function file(path: string, bytes = 1): void {
  mkdirSync(dirname(join(kernel.root, "rootfs", path)), { recursive: true });
  writeFileSync(join(kernel.root, "rootfs", path), "x".repeat(bytes));
}

/** What files and directories take up, each told by name. */
function blocksOf(...paths: string[]): number {
  const sizes = paths.map((path) => statSync(join(kernel.root, "rootfs", path)).blocks * 512);
  return sizes.reduce((sum, size) => sum + size);
}

/** A container with one process. */
function container(id: string, pid: number, mountinfo: string): void {
  kernel.write(`pids/docker/${id}/cgroup.procs`, `${pid}\n`);
  kernel.proc(`${pid}/mountinfo`, mountinfo);
}

function watch(id = CGROUP): Watch {
  const watched = filesystems.watch(cgroupAt(kernel.hierarchies, id));
  if (watched === undefined) throw new Error("not watched");
  return watched;
}

/** Lets some seconds pass, then everything that is due be measured. */
async function after(seconds: number): Promise<void> {
  now += seconds * 1000;
  await filesystems.work();
}

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  kernel.proc("1/mountinfo", MACHINE);
  now = 0;
  filesystems = new Filesystems({
    procRoot: kernel.procRoot,
    rootfs: join(kernel.root, "rootfs"),
    entriesPerSecond: 1e6,
    clock: { now: () => now, monotonic: () => now },
  });
  container(ID, 775, DOCKER);
  file(`${DOCKER_UPPER}/etc/one`, 10_000);
  file(LOG, 5000);
  file(`${VOLUME}/data`, 20_000);
});

afterEach(async () => {
  await filesystems.close();
  kernel[Symbol.dispose]();
});

describe("a container", () => {
  it("is measured soon after it was found: layer and log, then its volumes", async () => {
    const watched = watch();
    await filesystems.work();
    expect(watched.latest).toBeUndefined();
    await after(1);
    const layer = blocksOf(DOCKER_UPPER, `${DOCKER_UPPER}/etc`, `${DOCKER_UPPER}/etc/one`);
    const usage = layer + blocksOf(dirname(LOG), LOG);
    expect(watched.latest).toMatchObject({
      usage,
      filesystems: [{ device: "/dev/vda", usage, inodes: 5, inodesFree: Number.NaN }],
    });
    expect(watched.latest?.filesystems[0]?.limit).toBeGreaterThan(0);
    await after(1);
    expect(watched.latest?.volumes).toEqual([
      { volume: "vol1", device: "/dev/vda", usage: blocksOf(VOLUME, `${VOLUME}/data`) },
    ]);
    expect(filesystems.cost).toMatchObject({ walks: 3, entries: 7 });
  });

  it("is measured again only if it has run since, and not before its time", async () => {
    const watched = watch();
    await after(1);
    const first = watched.latest?.usage ?? NaN;
    file(`${DOCKER_UPPER}/two`, 10_000);
    watched.stir();
    await after(9);
    expect(watched.latest?.usage).toBe(first);
    await after(1);
    const second = first + blocksOf(`${DOCKER_UPPER}/two`);
    expect(watched.latest?.usage).toBe(second);
    file(`${DOCKER_UPPER}/three`, 10_000);
    await after(60);
    expect(watched.latest?.usage).toBe(second);
    // Somebody else may have written there.
    await after(20 * 60);
    expect(watched.latest?.usage).toBe(second + blocksOf(`${DOCKER_UPPER}/three`));
  });

  it("counts a file once that two directories of the layer have", async () => {
    file(`${DOCKER_UPPER}/etc/big`, 100_000);
    mkdirSync(join(kernel.root, "rootfs", DOCKER_UPPER, "other"));
    const path = join(kernel.root, "rootfs", DOCKER_UPPER);
    linkSync(join(path, "etc/big"), join(path, "other/big"));
    const watched = watch();
    await after(1);
    expect(watched.latest?.filesystems[0]?.inodes).toBe(7);
  });

  it("is absent with a reason when it has gone, and is tried more and more seldom", async () => {
    const watched = watch();
    await after(1);
    rmSync(join(kernel.root, "rootfs", DOCKER_UPPER), { recursive: true });
    watched.stir();
    await after(10);
    expect(watched.latest?.filesystems).toEqual([]);
    expect(watched.latest?.usage).toBeNaN();
    expect([...filesystems.cost.failures]).toEqual([["gone", 1]]);
    for (const seconds of [9, 1, 19, 1, 39, 1]) await after(seconds);
    expect(filesystems.cost.failures.get("gone")).toBe(4);
    file(`${DOCKER_UPPER}/back`);
    await after(80);
    expect(watched.latest?.filesystems).toHaveLength(1);
  });

  it("is absent where its storage does not tell", async () => {
    container(ID, 775, "90 80 0:30 /docker/btrfs/subvolumes/1 / rw - btrfs /dev/sda2 rw\n");
    const watched = watch();
    await after(1);
    expect(watched.latest).toBeUndefined();
    expect([...filesystems.cost.failures]).toEqual([["unsupported", 1]]);
  });

  it("is no failure, and no walk, if it lives in the machine's own files", async () => {
    container(ID, 775, MACHINE);
    const watched = watch();
    await after(1);
    expect(watched.latest).toBeUndefined();
    expect(filesystems.cost).toMatchObject({ walks: 0, failures: new Map() });
  });

  it("is no longer measured after its end", async () => {
    const watched = watch();
    await after(1);
    watched.close();
    expect(filesystems.schedule.waiting).toBe(0);
    const { walks } = filesystems.cost;
    await after(3600);
    expect(filesystems.cost.walks).toBe(walks);
  });

  it("is found by a process of a cgroup below its own", async () => {
    kernel.write(`pids/docker/${ID}/cgroup.procs`, "");
    kernel.write(`pids/docker/${ID}/init.scope/cgroup.procs`, "776\n");
    kernel.proc("776/mountinfo", DOCKER);
    const watched = watch();
    await after(1);
    expect(watched.latest?.filesystems).toHaveLength(1);
  });
});

it("walks a volume once that containers share", async () => {
  const other = "cd".repeat(32);
  container(other, 800, DOCKER.replace(DOCKER_UPPER, "/var/lib/docker/overlay2/2/diff"));
  file("/var/lib/docker/overlay2/2/diff/x");
  const [one, two] = [watch(), watch(`/docker/${other}`)];
  await after(1);
  await after(1);
  expect(one.latest?.volumes).toHaveLength(1);
  expect(two.latest?.volumes).toEqual(one.latest?.volumes);
  // Two layers, one log and the place where the other would be, one volume.
  expect(filesystems.cost.walks).toBe(5);
  one.close();
  file(`${VOLUME}/more`, 9000);
  two.stir();
  await after(10);
  expect(two.latest?.volumes[0]?.usage).toBe(blocksOf(VOLUME, `${VOLUME}/data`, `${VOLUME}/more`));
});

it("lets what is small go before the rest of what is great", async () => {
  const other = "cd".repeat(32);
  container(other, 800, DOCKER.replace(DOCKER_UPPER, "/var/lib/docker/overlay2/2/diff"));
  for (let number = 0; number < 3000; number++) file(`/var/lib/docker/overlay2/2/diff/f${number}`);
  const great = watch(`/docker/${other}`);
  now += 1000;
  const working = filesystems.work();
  const small = watch();
  now += 1000;
  while ((small.latest?.filesystems ?? []).length === 0) await new Promise(setImmediate);
  expect(great.latest?.filesystems ?? []).toEqual([]);
  await working;
  expect(great.latest?.filesystems[0]?.inodes).toBe(3001);
});

it("measures no plain cgroup", () => {
  expect(filesystems.watch(cgroupAt(kernel.hierarchies, "/docker/web"))).toBeUndefined();
});

it("looks at an engine's paths as it sees them, if its mounts are its own", async () => {
  const inner = join(kernel.procRoot, "700", "root");
  mkdirSync(join(inner, DOCKER_UPPER), { recursive: true });
  writeFileSync(join(inner, DOCKER_UPPER, "nested"), "x");
  writeFileSync(join(inner, DOCKER_UPPER, "another"), "x");
  kernel.proc("700/mountinfo", MACHINE);
  kernel.proc("775/stat", "775 (odd ) name) S 700 1 1\n");
  for (const [pid, name] of [
    ["1", "machine"],
    ["700", "engine"],
    ["775", "container"],
  ] as const) {
    mkdirSync(join(kernel.procRoot, pid, "ns"), { recursive: true });
    symlinkSync(`mnt:[${name}]`, join(kernel.procRoot, pid, "ns", "mnt"));
  }
  const watched = watch();
  await after(1);
  expect(watched.latest?.filesystems[0]?.inodes).toBe(3);
});

describe("the collector", () => {
  it("writes the newest result, and touches no file", async () => {
    const probe = filesystem.open(cgroupAt(kernel.hierarchies, CGROUP), kernel.host(filesystems));
    const row = new Float64Array(ROW_WIDTH);
    const read = (cpu: number): number | undefined => {
      row.fill(Number.NaN);
      row[columnOf(cpuMetrics.usage)] = cpu;
      probe?.read(row, NO_LIMITS);
      return row[columnOf(filesystemMetrics.usage)];
    };
    expect(read(1)).toBeNaN();
    expect([...(probe?.series ?? [])]).toEqual([]);
    await after(1);
    await after(1);
    const usage = read(1);
    expect(usage).toBeGreaterThan(10_000);
    const series = [...(probe?.series ?? [])].map(([labels, values]) => [labels, ...values]);
    expect(series).toEqual([
      ['device="/dev/vda"', usage, expect.any(Number), 5, NaN, NaN],
      ['volume="vol1",device="/dev/vda"', NaN, NaN, NaN, NaN, blocksOf(VOLUME, `${VOLUME}/data`)],
    ]);
    const before = probe?.series;
    for (let second = 0; second < 3; second++) read(1);
    expect(probe?.series).toBe(before);
    // It has stood still: nothing is walked.
    const { walks } = filesystems.cost;
    await after(30);
    read(1);
    await after(30);
    read(2);
    await after(1);
    expect(filesystems.cost.walks).toBeGreaterThan(walks);
    probe?.close();
  });

  it("has nothing for a cgroup that is no container's", () => {
    const host = kernel.host(filesystems);
    expect(filesystem.open(cgroupAt(kernel.hierarchies, "/docker/web"), host)).toBeUndefined();
  });
});
