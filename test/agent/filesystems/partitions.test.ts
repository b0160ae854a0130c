import { mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { reasonOf } from "../../../agent/filesystems/failure.ts";
import { parseMountinfo } from "../../../agent/filesystems/mountinfo.ts";
import {
  deviceNumber,
  measurePartition,
  partitionsOf,
  readCapacity,
} from "../../../agent/filesystems/partitions.ts";
import { ID, MACHINE } from "./mounts.ts";

/** Labels and what they stand on. */
function grounds(text: string): Record<string, string> {
  const found = partitionsOf(parseMountinfo(text));
  return Object.fromEntries(found.map(({ label, ground }) => [label, ground]));
}

/** A device number as the kernel writes it. */
function numbersOf(device: number): string {
  return `${Math.floor(device / 256)}:${device % 256}`;
}

it("has each disk once, and none of the kernel's own filesystems", () => {
  expect(grounds(MACHINE)).toEqual({ "/dev/vda": "disk", "/dev/shm": "memory" });
});

it("takes the place that shows the whole filesystem", () => {
  const found = partitionsOf(
    parseMountinfo(
      "1 0 8:1 /part /a rw - ext4 /dev/sda1 rw\n2 0 8:1 / /much/longer rw - ext4 /dev/sda1 rw\n3 0 8:1 / /longer rw - ext4 /dev/sda1 rw\n",
    ),
  );
  expect(found).toMatchObject([{ label: "/dev/sda1", point: "/longer" }]);
});

it("has pools, servers and the root of a live system, by cAdvisor's names", () => {
  const text = `1 0 0:30 / / rw - overlay overlay rw,upperdir=/cow
2 1 0:41 /@ /home rw - btrfs /dev/sdb rw
3 1 0:41 /@var /var rw - btrfs /dev/sdb rw
4 1 0:42 / /tank rw - zfs tank/data rw
5 1 0:43 / /mnt/n rw - nfs4 server:/export rw
6 1 0:44 / /mnt/s rw - fuse.sshfs me@host:/dir rw
7 1 0:45 / /run/lxcfs rw - fuse.lxcfs lxcfs rw
8 1 7:0 / /snap/core ro - squashfs /dev/loop0 ro
`;
  expect(grounds(text)).toEqual({
    "overlay_0-30": "disk",
    "/dev/sdb": "disk",
    "tank/data": "disk",
    "server:/export": "network",
    "me@host:/dir": "network",
    "/dev/loop0": "disk",
  });
});

it("leaves out the memory that is mounted for containers", () => {
  const text = `1 0 0:50 / /run rw - tmpfs tmpfs rw
2 1 0:51 / /var/lib/docker/containers/${ID}/mounts/shm rw - tmpfs shm rw
3 1 0:52 / /var/lib/kubelet/pods/0f1e2d3c-0000-4000-8000-123456789abc/volumes/kubernetes.io~secret/x rw - tmpfs tmpfs rw
`;
  expect(grounds(text)).toEqual({ "/run": "memory" });
});

it("knows a device by the number that stat gives", () => {
  expect(deviceNumber("254:0")).toBe(65_024);
  expect(deviceNumber("8:1")).toBe(2049);
  expect(deviceNumber("259:300")).toBe(259 * 256 + 44 + 2 ** 20);
  expect(deviceNumber("x")).toBeNaN();
});

it("says what the kernel says", async () => {
  const root = mkdtempSync(join(tmpdir(), "plimsoll-partition-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const device = numbersOf(statSync(root).dev);
  const partition = {
    label: "/dev/x",
    device,
    point: "/",
    ground: "disk",
    isChecked: true,
    type: "vfs",
  } as const;
  const { bsize, blocks, files } = statfsSync(root);
  expect(await measurePartition(partition, root)).toMatchObject({
    device: "/dev/x",
    limit: blocks * bsize,
    inodes: files === 0 ? Number.NaN : files,
  });
});

it("does not take another filesystem for one that can't be seen from here", async () => {
  const partition = {
    label: "x",
    device: "8:1",
    point: "/proc",
    ground: "disk",
    isChecked: true,
    type: "vfs",
  } as const;
  expect(await measurePartition(partition, "").catch(reasonOf)).toBe("hidden");
});

it("has no inodes where the filesystem has none", async () => {
  // The kernel's own filesystems count nothing.
  const { inodes, inodesFree, limit } = await readCapacity("/proc");
  expect([inodes, inodesFree, limit]).toEqual([Number.NaN, Number.NaN, 0]);
});
