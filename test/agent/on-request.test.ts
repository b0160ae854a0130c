import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { KernelFiles } from "../../agent/cgroup/kernel-files.ts";
import { agentOptions } from "../../agent/config.ts";
import { type OnRequest, openOnRequest } from "../../agent/on-request.ts";
import { readConfig } from "../../lib/config/read.ts";
import { createLogger } from "../../lib/log.ts";
import { FakeKernel } from "./fake-kernel.ts";

let kernel: FakeKernel;
let file: string;

beforeEach(() => {
  kernel = new FakeKernel("empty-v2");
  kernel.sys("devices/system/cpu/online", "0\n");
  file = join(kernel.root, "perf.json");
  writeFileSync(file, '{"core": {"events": ["no-event"]}}');
});

afterEach(() => kernel[Symbol.dispose]());

async function open(...argv: string[]): Promise<OnRequest> {
  const roots = [`--cgroup-root=${kernel.cgroupRoot}`, `--sys-root=${kernel.sysRoot}`];
  const { values } = readConfig({
    options: agentOptions,
    argv: [...roots, ...argv],
    env: {},
    command: "agent",
  });
  return openOnRequest({
    config: values,
    files: new KernelFiles(),
    most: 100,
    monotonic: () => 0,
    logger: createLogger({ level: "silent", format: "json" }),
  });
}

describe("what must be asked for", () => {
  it("is not there otherwise, and nothing is said of it", async () => {
    const { parts, absences } = await open("--metrics-enable=all");
    expect(parts).toEqual({});
    expect([...absences.all]).toEqual([]);
  });

  it("is there where its setting asks for it and its group is on", async () => {
    const { parts, absences } = await open("--load-reader", `--perf-events-config=${file}`);
    expect(Object.keys(parts)).toEqual(["perf", "load"]);
    expect([...absences.all]).toMatchObject([{ what: "no-event", reason: "unknown_event" }]);
  });

  it("is not there where its group is off", async () => {
    const settings = ["--load-reader", `--perf-events-config=${file}`, "--resctrl-interval=10s"];
    const { parts } = await open(...settings, "--metrics-disable=cpuLoad,perf_event");
    expect(parts).toEqual({});
  });

  it("says why the machine does not have it", async () => {
    const { absences } = await open("--metrics-enable=resctrl", "--resctrl-interval=10s");
    expect([...absences.all]).toMatchObject([{ collector: "resctrl", reason: "unsupported" }]);
  });

  it("has groups for resctrl where the machine has that", async () => {
    const root = join(kernel.sysRoot, "fs/resctrl");
    mkdirSync(join(root, "mon_data"), { recursive: true });
    const { parts } = await open("--metrics-enable=resctrl", "--resctrl-interval=10s");
    expect(parts.resctrl?.root).toBe(root);
    expect(parts.resctrl?.intervalMs).toBe(10_000);
  });

  it("ends the start with the place where its file is wrong", async () => {
    writeFileSync(file, "[]");
    await expect(open(`--perf-events-config=${file}`)).rejects.toThrow(
      /^perf.events.config .*: the file must be an object/,
    );
    rmSync(file);
    await expect(open(`--perf-events-config=${file}`)).rejects.toThrow(
      /must be a file that can be read/,
    );
  });
});
