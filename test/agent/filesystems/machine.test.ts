import { mkdirSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { EngineViews } from "../../../agent/filesystems/engine-view.ts";
import type { FailureReason } from "../../../agent/filesystems/failure.ts";
import { MachineFilesystems } from "../../../agent/filesystems/machine.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;
let failures: FailureReason[];
let device: string;
let time: number;
let machine: MachineFilesystems;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  mkdirSync(join(kernel.root, "rootfs", "mnt"), { recursive: true });
  failures = [];
  time = 0;
  const { dev } = statSync(kernel.root);
  device = `${Math.floor(dev / 256)}:${dev % 256}`;
  const clock = { now: () => time, monotonic: () => time };
  const views = new EngineViews(kernel.procRoot, join(kernel.root, "rootfs"), clock);
  machine = new MachineFilesystems(views, (reason) => failures.push(reason));
});
afterEach(() => kernel[Symbol.dispose]());

/** What is mounted now. */
function mounted(...lines: string[]): void {
  kernel.proc("1/mountinfo", lines.map((line) => `1 0 ${line} rw\n`).join(""));
  time += 60_000;
}

it("has the disks' sum, and each filesystem by itself", async () => {
  mounted(`${device} / / rw - ext4 /dev/vda`, "0:4 / /proc rw - proc proc");
  await machine.measure();
  const { blocks, bsize } = statfsSync(kernel.root);
  const [disk, ...others] = machine.latest?.filesystems ?? [];
  expect(others).toEqual([]);
  expect(disk).toMatchObject({ device: "/dev/vda", limit: blocks * bsize });
  expect(machine.latest?.usage).toBe(disk?.usage);
  expect(failures).toEqual([]);
});

it("takes memory and servers not into the sum", async () => {
  mounted(`${device} / / rw - tmpfs tmpfs`);
  await machine.measure();
  expect(machine.latest).toMatchObject({ usage: 0, filesystems: [{ device: "/" }] });
  mounted(`${device} / / rw - nfs4 server:/export`);
  machine.close();
  for (let round = 0; round < 6; round++) await machine.measure();
  expect(machine.latest).toMatchObject({ usage: 0, filesystems: [{ device: "server:/export" }] });
});

it("follows what is mounted and unmounted", async () => {
  mounted(`${device} / / rw - ext4 /dev/vda`);
  await machine.measure();
  mounted(`${device} / /mnt rw - ext4 /dev/vdb`);
  await machine.measure();
  expect(machine.latest?.filesystems).toMatchObject([{ device: "/dev/vdb" }]);
});

it("counts what it can't measure, which is absent then", async () => {
  mounted(
    `${device} / / rw - ext4 /dev/vda`,
    "8:1 / /mnt rw - ext4 /dev/sda1",
    "8:2 / /none rw - xfs /dev/sda2",
  );
  await machine.measure();
  expect(machine.latest?.filesystems).toMatchObject([{ device: "/dev/vda" }]);
  expect(failures).toEqual(["hidden", "gone"]);
  writeFileSync(join(kernel.procRoot, "1", "mountinfo"), "");
  time += 60_000;
  await machine.measure();
  expect(machine.latest).toMatchObject({ usage: 0, filesystems: [] });
});
