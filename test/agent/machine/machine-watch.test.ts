import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { MachineWatch } from "../../../agent/machine/machine-watch.ts";
import { logLines } from "../../lib/http/log-lines.ts";
import { until } from "../../testbed/wait.ts";
import { FakeMachine } from "./fake-machine.ts";

let fake: FakeMachine;
let watch: MachineWatch;
let lines: string[];
let time = 1000;

beforeEach(() => {
  fake = new FakeMachine();
  fake.write({ "sys/devices/system/cpu/online": "0-1", "proc/meminfo": "MemTotal:  8 kB" });
  const log = logLines();
  lines = log.lines;
  watch = new MachineWatch(fake.files, { now: () => time, monotonic: () => time }, log.logger);
});

afterEach(() => {
  watch.close();
  fake[Symbol.dispose]();
});

it("nothing is known before the first reading", () => {
  expect(watch.current).toMatchObject({ isStale: true, cpuCores: 0 });
});

it("what has changed is seen when it is read again", async () => {
  await watch.read();
  expect(watch.current).toMatchObject({ cpuCores: 2, memoryBytes: 8192, readAt: 1000 });
  time = 2000;
  fake.write({ "sys/devices/system/cpu/online": "0-3", "proc/meminfo": "MemTotal:  16 kB" });
  await watch.read();
  expect(watch.current).toMatchObject({ cpuCores: 4, memoryBytes: 16_384, readAt: 2000 });
});

it("what was known stays while nothing can be read, which is said once", async () => {
  await watch.read();
  rmSync(join(fake.root, "proc"), { recursive: true });
  await watch.read();
  await watch.read();
  expect(watch.current).toMatchObject({ isStale: true, cpuCores: 2, memoryBytes: 8192 });
  expect(lines.filter((line) => line.includes("cannot read what the machine is"))).toHaveLength(1);
  fake.write({ "proc/meminfo": "MemTotal:  8 kB" });
  await watch.read();
  expect(watch.current.isStale).toBe(false);
});

it("it is read again by itself until it is closed", async () => {
  await watch.start(0.01);
  fake.write({ "proc/meminfo": "MemTotal:  16 kB" });
  await until("another reading", () => watch.current.memoryBytes === 16_384);
  watch.close();
});
