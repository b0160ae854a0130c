import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";

import { Inventory } from "../../../../agent/inventory/inventory.ts";
import { DiskRuntime } from "../../../../agent/runtimes/disk/disk.ts";
import type { Runtime, RuntimeListener } from "../../../../agent/runtimes/runtime.ts";

const ID = "ab".repeat(32);
const CGROUP = `/docker/${ID}`;

let root: string;
let disk: DiskRuntime;
let inventory: Inventory;
/** What an engine would tell. */
let engine: RuntimeListener;

function write(name: string): void {
  const folder = join(root, "docker/containers", ID);
  mkdirSync(folder, { recursive: true });
  const config = { ID, Name: `/${name}`, State: { Running: true }, Config: { Image: "box:1" } };
  writeFileSync(join(folder, "config.v2.json"), JSON.stringify(config));
}

async function look(times: number): Promise<void> {
  // Each look is one second of the agent's.
  // oxlint-disable-next-line no-await-in-loop
  for (let count = 0; count < times; count++) await disk.look();
}

function shown(): string {
  const { name, runtime } = inventory.describe(CGROUP);
  return `${runtime ?? "nobody's"} ${name}`;
}

const NOBODYS = `nobody's ${CGROUP}`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "plimsoll-disk-"));
  inventory = new Inventory(() => {});
  const fakeEngine: Runtime = {
    name: "docker",
    health: "connected",
    failures: new Map(),
    start: (listener) => (engine = listener),
    close: () => Promise.resolve(),
  };
  inventory.follow(fakeEngine, () => {});
  disk = new DiskRuntime(
    { rootfs: root, dockerRoot: "/docker", podmanRoot: "/podman", envPrefixes: [] },
    (id) => (inventory.sourceOf(id) ?? "disk") !== "disk",
    pino({ level: "silent" }),
  );
  inventory.follow(disk, () => {});
  inventory.followPaths(disk);
});
afterEach(async () => {
  await disk.close();
  rmSync(root, { recursive: true, force: true });
});

it("tells who a container is that no engine tells of", async () => {
  write("web");
  inventory.appeared(CGROUP);
  expect([shown(), disk.health]).toEqual([NOBODYS, "absent"]);
  await look(1);
  expect([shown(), disk.health]).toEqual(["docker web", "connected"]);
  inventory.vanished(CGROUP);
  expect([inventory.size, disk.health]).toEqual([0, "absent"]);
});

it("follows the file, and keeps what it knows when that goes", async () => {
  write("web");
  inventory.appeared(CGROUP);
  await look(1);
  write("renamed");
  await look(6);
  expect(shown()).toBe("docker renamed");
  rmSync(join(root, "docker"), { recursive: true });
  await look(20);
  expect(shown()).toBe("docker renamed");
  write("back");
  await look(6);
  expect(shown()).toBe("docker back");
});

it("finds what comes late, seeking ever less often", async () => {
  inventory.appeared(CGROUP);
  await look(40);
  write("late");
  await look(60);
  expect(shown()).toBe("docker late");
});

it("gives way to an engine that tells of it, and is there again when that has let go", async () => {
  write("on-disk");
  inventory.appeared(CGROUP);
  await look(1);
  engine.upsert({ id: ID, name: "told", image: "box:1", labels: {}, state: "running" });
  expect(shown()).toBe("docker told");
  await look(10);
  expect(disk.health).toBe("absent");
  engine.remove(ID);
  expect(shown()).toBe(NOBODYS);
  await look(10);
  expect(shown()).toBe("docker on-disk");
});

it("counts what it can't use, and says nothing of it", async () => {
  write("web");
  writeFileSync(join(root, "docker/containers", ID, "config.v2.json"), "{");
  inventory.appeared(CGROUP);
  await look(100);
  expect(shown()).toBe(NOBODYS);
  expect([...disk.failures]).toEqual([["malformed", 1]]);
});
