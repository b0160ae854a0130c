import fc from "fast-check";
import { expect, it } from "vitest";

import { mountAt, optionOf, parseMountinfo, pathOf } from "../../../agent/filesystems/mountinfo.ts";
import { DOCKER, DOCKER_UPPER, MACHINE } from "./mounts.ts";

const own = parseMountinfo(DOCKER);
const machine = parseMountinfo(MACHINE);

it("reads fields on both sides of any number of optional ones", () => {
  expect(own[0]).toMatchObject({ device: "0:39", root: "/", point: "/", type: "overlay" });
  const many = "1 2 8:1 /a /b rw shared:1 master:2 propagate_from:3 - xfs /dev/sda1 rw,attr2\n";
  expect(parseMountinfo(many)).toEqual([
    {
      device: "8:1",
      root: "/a",
      point: "/b",
      type: "xfs",
      source: "/dev/sda1",
      options: "rw,attr2",
    },
  ]);
});

it("reads names with spaces, tabs and backslashes", () => {
  expect(own.find(({ point }) => point === "/hd")?.root).toBe("/srv/host dir");
  const odd = "1 2 8:1 / /a\\134b\\011c\\040d rw - ext4 /dev/sda1 rw\n";
  expect(parseMountinfo(odd)[0]?.point).toBe("/a\\b\tc d");
});

it("reads options, in which a comma is escaped", () => {
  expect(optionOf(own[0]!, "upperdir")).toBe(DOCKER_UPPER);
  expect(optionOf(own[0]!, "dir")).toBeUndefined();
  const odd = parseMountinfo("1 2 0:39 / / rw - overlay overlay rw,upperdir=/a\\054b,workdir=/w\n");
  expect(optionOf(odd[0]!, "upperdir")).toBe("/a,b");
});

it("passes over what is not whole", () => {
  expect(parseMountinfo("")).toEqual([]);
  expect(parseMountinfo("nothing\n\n1 2 8:1 / / rw - ext4\n1 2 8:1 / /")).toEqual([]);
  expect(parseMountinfo(DOCKER.slice(0, -20))).toHaveLength(own.length - 1);
});

it("never throws, and never makes up a mount from a damaged line", () => {
  fc.assert(
    fc.property(fc.nat(DOCKER.length - 1), fc.string({ maxLength: 3 }), (at, junk) => {
      const damaged = DOCKER.slice(0, at) + junk + DOCKER.slice(at + 1);
      const lines = damaged.split("\n").length - 1;
      expect(parseMountinfo(damaged).length).toBeLessThanOrEqual(lines);
    }),
  );
});

it("finds the mount of a path, the last of those at one place", () => {
  expect(mountAt(machine, "/dev/shm/x")?.device).toBe("0:27");
  expect(mountAt(machine, "/dev/shmx")?.device).toBe("0:6");
  expect(mountAt(machine, "/var/lib/docker/x")?.point).toBe("/var/lib/docker");
  expect(mountAt([], "/")).toBeUndefined();
});

it("finds the path of a place in a filesystem", () => {
  expect(pathOf(machine, "254:0", "/srv/host dir")).toBe("/srv/host dir");
  expect(pathOf(machine, "254:0", "/")).toBe("/");
  expect(pathOf(machine, "8:1", "/")).toBeUndefined();
  const split = parseMountinfo(
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 /@/var /var rw - btrfs /dev/sda2 rw\n",
  );
  expect(pathOf(split, "8:2", "/@/var/lib/x")).toBe("/var/lib/x");
  expect(pathOf(split, "8:2", "/@/home")).toBeUndefined();
});

it("finds no path where another mount hides the place", () => {
  const hidden = parseMountinfo(
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /var rw - ext4 /dev/sda2 rw\n",
  );
  expect(pathOf(hidden, "8:1", "/var/lib")).toBeUndefined();
  expect(pathOf(hidden, "8:1", "/usr")).toBe("/usr");
});
