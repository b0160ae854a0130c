import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { Absences } from "../../../agent/collectors/absences.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { parseTaskGroups, ResctrlGroups } from "../../../agent/collectors/resctrl-groups.ts";
import { cacheNumber, resctrl } from "../../../agent/collectors/resctrl.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { FakeKernel } from "../fake-kernel.ts";

/**
 * No processor here has cache monitoring, so this is a folder made after the kernel's documentation:
 * https://docs.kernel.org/filesystems/resctrl.html
 */
let kernel: FakeKernel;
let root: string;
let absences: Absences;
let now: number;
let makeError: string | undefined;

const ID = "5a".repeat(32);
const INNER = "6b".repeat(32);
const GROUP = `mon_groups/plimsoll-${ID}`;

/** What the kernel puts into the folder of a group. */
function fillGroup(directory: string, numbers: readonly (number | string)[]): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "tasks"), "");
  for (const cache of ["mon_L3_00", "mon_L3_01"]) {
    const data = join(directory, "mon_data", cache);
    mkdirSync(data, { recursive: true });
    for (const [index, file] of ["mbm_total_bytes", "mbm_local_bytes", "llc_occupancy"].entries()) {
      writeFileSync(join(data, file), `${numbers[index]}\n`);
    }
  }
}

function openGroups(): ResctrlGroups {
  return new ResctrlGroups({
    root,
    procRoot: kernel.procRoot,
    intervalMs: 10_000,
    monotonic: () => now,
    absences,
    make(directory) {
      if (makeError !== undefined) throw Object.assign(new Error(makeError), { code: makeError });
      fillGroup(directory, [7, 5, 4096]);
    },
    remove: (directory) => rmSync(directory, { recursive: true }),
  });
}

function open(groups: ResctrlGroups | undefined, id = `/docker/${ID}`): Probe | undefined {
  const host: Host = { ...kernel.host(), ...(groups === undefined ? {} : { resctrl: groups }) };
  return resctrl.open(cgroupAt(kernel.hierarchies, id), host);
}

function read(probe: Probe): Record<string, number[]> {
  probe.read(new Float64Array(ROW_WIDTH).fill(Number.NaN), NO_LIMITS);
  return Object.fromEntries([...probe.series!].map(([key, values]) => [key, [...values]]));
}

function tasksOf(group: string): string[] {
  return readFileSync(join(root, group, "tasks"), "utf8")
    .split("\n")
    .filter(Boolean);
}

function taskIn(id: number, control: string, monitor: string): void {
  const folder = join(kernel.procRoot, String(id));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cpu_resctrl_groups"), `res:/${control}\nmon:${monitor}\n`);
}

beforeEach(() => {
  kernel = new FakeKernel("empty-v2");
  root = join(kernel.sysRoot, "fs/resctrl");
  fillGroup(root, [1000, 900, 8192]);
  mkdirSync(join(root, "mon_groups"));
  kernel.write(`docker/${ID}/cgroup.threads`, "7\n8\n");
  absences = new Absences();
  now = 0;
  makeError = undefined;
});

afterEach(() => kernel[Symbol.dispose]());

describe("resctrl, over a folder made after the kernel's documentation", () => {
  it("has a group for a container, with its tasks, as long as it is there", () => {
    const probe = open(openGroups())!;
    expect(tasksOf(GROUP)).toEqual(["7", "8"]);
    expect(read(probe)).toEqual({ 'node_id="0"': [7, 5, 4096], 'node_id="1"': [7, 5, 4096] });
    probe.close();
    expect(existsSync(join(root, GROUP))).toBe(false);
    expect([...absences.all]).toEqual([]);
  });

  it("shows the machine as the root group does, and removes nothing of that", () => {
    const probe = open(openGroups(), "/")!;
    expect(read(probe)['node_id="1"']).toEqual([1000, 900, 8192]);
    probe.close();
    expect(existsSync(join(root, "mon_data"))).toBe(true);
  });

  it("takes in the tasks of cgroups below, but for those of another container", () => {
    kernel.write(`docker/${ID}/init.scope/cgroup.threads`, "9\n");
    kernel.write(`docker/${ID}/docker/${INNER}/cgroup.threads`, "10\n");
    kernel.write(`docker/${ID}/docker/cgroup.threads`, "");
    open(openGroups());
    expect(tasksOf(GROUP)).toEqual(["7", "8", "9"]);
  });

  it("takes in tasks that come later, at the interval, each once", () => {
    const probe = open(openGroups())!;
    kernel.write(`docker/${ID}/cgroup.threads`, "7\n8\n11\n");
    now = 9999;
    read(probe);
    expect(tasksOf(GROUP)).toEqual(["7", "8"]);
    now = 10_000;
    read(probe);
    now = 20_000;
    read(probe);
    expect(tasksOf(GROUP)).toEqual(["7", "8", "11"]);
  });

  it("makes the group in the control group that the container is in", () => {
    fillGroup(join(root, "gold"), [0, 0, 0]);
    mkdirSync(join(root, "gold/mon_groups"));
    taskIn(7, "gold", "");
    open(openGroups())!.close();
    open(openGroups());
    expect(tasksOf(`gold/${GROUP}`)).toEqual(["7", "8"]);
  });

  it("reads the group that somebody else has made, and leaves it alone", () => {
    fillGroup(join(root, "mon_groups/theirs"), [70, 50, 40]);
    taskIn(7, "", "theirs");
    const probe = open(openGroups())!;
    now = 10_000;
    expect(read(probe)['node_id="0"']).toEqual([70, 50, 40]);
    probe.close();
    expect(tasksOf("mon_groups/theirs")).toEqual([]);
  });

  it("removes at the start what an earlier life has left, and nothing else", () => {
    for (const name of [`plimsoll-${INNER}`, "theirs"]) {
      fillGroup(join(root, "mon_groups", name), [0, 0, 0]);
    }
    openGroups();
    expect(existsSync(join(root, `mon_groups/plimsoll-${INNER}`))).toBe(false);
    expect(existsSync(join(root, "mon_groups/theirs"))).toBe(true);
  });

  it("has no series for what the processor can't tell just now", () => {
    const probe = open(openGroups())!;
    const data = join(root, GROUP, "mon_data/mon_L3_00");
    writeFileSync(join(data, "mbm_total_bytes"), "Unavailable\n");
    writeFileSync(join(data, "mbm_local_bytes"), "Error\n");
    expect(read(probe)['node_id="0"']).toEqual([NaN, NaN, 4096]);
  });

  it("has none for what is no container, has no tasks, or is not asked for", () => {
    kernel.write("system.slice/ssh.service/cgroup.threads", "7\n");
    expect(open(openGroups(), "/system.slice/ssh.service")).toBeUndefined();
    kernel.write(`docker/${ID}/cgroup.threads`, "");
    expect(open(openGroups())).toBeUndefined();
    expect(open(undefined)).toBeUndefined();
    expect([...absences.all]).toEqual([]);
  });

  it.each([
    ["ENOSPC", "limit"],
    ["EACCES", "refused"],
  ])("says why there is no group: %s", (error, reason) => {
    makeError = error;
    expect(open(openGroups())).toBeUndefined();
    expect([...absences.all]).toMatchObject([{ collector: "resctrl", reason }]);
  });

  it.each([
    ["", undefined],
    ["tasks", /no L3_MON/],
    [undefined, /not mounted/],
  ])("says why a machine has none, with %j of it", (left, detail) => {
    if (left !== "") rmSync(root, { recursive: true });
    if (left === "tasks") {
      mkdirSync(root);
      writeFileSync(join(root, "tasks"), "");
    }
    expect(ResctrlGroups.isAvailable({ root, absences })).toBe(detail === undefined);
    const [absence] = absences.all;
    if (detail !== undefined) expect(absence?.detail).toMatch(detail);
  });
});

describe("the groups of a task", () => {
  it.each([
    ["res:/\nmon:\n", "", ""],
    ["res:\nmon:\n", "", ""],
    ["res:/\nmon:mon0\n", "", "mon0"],
    ["res:/gold\nmon:mon1\n", "gold", "mon1"],
    ["res:gold\nmon:mon1\n", "gold", "mon1"],
    ["", "", ""],
  ])("are told by the kernel: %j", (text, control, monitor) => {
    expect(parseTaskGroups(text)).toEqual({ control, monitor });
  });
});

describe("the folder of a cache", () => {
  it.each([
    ["mon_L3_00", "0"],
    ["mon_L3_12", "12"],
    ["mon_PERF_PKG_00", undefined],
    ["mon_L3_x", undefined],
  ])("%s has the number %j", (name, number) => {
    expect(cacheNumber(name)).toBe(number);
  });
});
