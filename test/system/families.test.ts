import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { isOnByDefault } from "../../wire/metrics/metric-groups.ts";
import { busyboxImage } from "../testbed/busybox-image.ts";
import { startChild } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type LoopDisk, openLoopDisk } from "../testbed/loop-disk.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { checkMetrics } from "../testbed/prometheus.ts";
import { sleep } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { allFamilies, checkFamilies, readPage, type Situation } from "./check-families.ts";
import { type Need, NEEDS } from "./family-row.ts";
import { NO_CRI } from "./start-agent.ts";

const SECOND = 1e9;
const MIB = 1024 ** 2;

/** The walk over a layer, and that a disk is counted, is noticed some seconds later. */
const PATIENCE_MS = 60_000;

const EVENTS = { core: { events: ["context-switches", "page-faults"] } };

const LABELS = {
  "com.docker.compose.project": "shop",
  "com.docker.compose.service": "web",
};

let engine: Engine;
let disk: LoopDisk | undefined;
let program: Program | undefined;
let situation: Situation;

/** Reads and writes, listens and burns CPU time. */
function work(device: string | undefined): string {
  const io = [
    `dd if=${device} of=/dev/null bs=4096 count=20 iflag=direct`,
    `dd if=/dev/zero of=${device} bs=4096 count=20 oflag=direct`,
  ];
  return [
    ...(device === undefined ? [] : io),
    "echo text > /data/file",
    "nc -l -p 80 & nc -u -l -p 53 & while :; do :; done",
  ].join("; ");
}

/** A container that has series of everything; its id. */
async function startContainer(): Promise<string> {
  const device = disk?.device;
  const container = await engine.api.createContainer({
    name: "shop-web-1",
    Image: busyboxImage,
    Cmd: ["sh", "-c", work(device)],
    Labels: LABELS,
    Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: SECOND, Timeout: 5 * SECOND },
    HostConfig: {
      NetworkMode: "bridge",
      NanoCpus: 0.2 * SECOND,
      Memory: 64 * MIB,
      PidsLimit: 50,
      Binds: ["web-data:/data"],
      Devices:
        device === undefined
          ? []
          : [{ PathOnHost: device, PathInContainer: device, CgroupPermissions: "rwm" }],
    },
  });
  await container.start();
  return container.id;
}

/** What of all that a machine may lack this one has. */
async function foundHere(cgroup: string): Promise<ReadonlySet<Need>> {
  const found = new Set<Need>();
  for (const [need, condition] of Object.entries(NEEDS) as [Need, string][]) {
    const command = condition
      .replaceAll("{cgroup}", cgroup)
      .replaceAll("{disk}", disk?.device ?? "");
    const child = await startChild({ command: "sh", args: ["-c", command] });
    if ((await child.exited).code === 0) found.add(need);
  }
  return found;
}

/** Starts an agent with these settings and returns the address of its page. */
async function startAgent(...settings: readonly string[]): Promise<string> {
  const listen = `127.0.0.1:${await freePort()}`;
  const events = path.join(engine.folder, "perf.json");
  await writeFile(events, JSON.stringify(EVENTS));
  program = await startProgram([
    "agent",
    NO_CRI,
    `--listen=${listen}`,
    `--docker-host=${engine.host}`,
    "--containers-only",
    ...settings.map((setting) => setting.replace("{events}", events)),
  ]);
  await program.ready(`http://${listen}/-/ready`);
  return `http://${listen}/metrics`;
}

const EVERYTHING = [
  "--metrics-enable=all",
  "--load-reader",
  "--perf-events-config={events}",
  "--resctrl-interval=1s",
];

/** A page without a complaint; after some time with those that stay. */
async function settled(
  url: string,
  where: Situation,
): Promise<{ page: string; complaints: string[] }> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const page = await ask(url);
    const complaints = checkFamilies(page, where);
    if (complaints.length === 0 || performance.now() > deadline) return { page, complaints };
    await sleep(1000);
  }
}

describeWith(["docker", "prometheus"], "/metrics has every family of the contract", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    disk = await openLoopDisk();
    const id = await startContainer();
    const container = `${engine.cgroupParent}/${id}`;
    const found = await foundHere(container);
    situation = {
      version: existsSync("/sys/fs/cgroup/cgroup.controllers") ? 2 : 1,
      container,
      isOn: () => true,
      has: (need) => found.has(need),
    };
  });

  afterEach(async () => {
    await program?.close();
    program = undefined;
  });

  afterAll(async () => {
    await engine?.close();
    await disk?.close();
  });

  test("when all groups are on", async () => {
    const { page, complaints } = await settled(await startAgent(...EVERYTHING), situation);
    expect(complaints).toEqual([]);
    await checkMetrics(page);
    const name = ['name="shop-web-1"'];
    expect(seriesValue(page, "container_health_state", name)).toBe(1);
    expect(seriesValue(page, "container_spec_cpu_quota", name)).toBe(20_000);
    expect(seriesValue(page, "container_threads_max", name)).toBe(50);
    const listening = ["tcp", "tcp6"].map((version) =>
      seriesValue(page, `container_network_${version}_usage_total`, [...name, '"listen"']),
    );
    expect(listening).toEqual(expect.arrayContaining([1]));
    const { families } = readPage(page);
    const timed = [...families].filter(([, { series }]) => series.some(({ isTimed }) => isTimed));
    expect(timed).toEqual([]);
  });

  test("when all series have the labels of all containers", async () => {
    const url = await startAgent(...EVERYTHING, "--label-union");
    const united = Object.keys(LABELS).map((key) => `container_label_${key.replaceAll(".", "_")}`);
    const { page, complaints } = await settled(url, { ...situation, united });
    expect(complaints).toEqual([]);
    await checkMetrics(page);
  });

  test("when samples carry their time", async () => {
    const url = await startAgent(...EVERYTHING, "--timestamps");
    const { page, complaints } = await settled(url, situation);
    expect(complaints).toEqual([]);
    await checkMetrics(page);
    const { families } = readPage(page);
    for (const { name, about, group } of allFamilies) {
      const isSampled =
        name.startsWith("plimsoll_window_") ||
        (about === "cgroup" && group !== undefined && group !== "oom_event");
      const wrong = families.get(name)?.series.filter(({ isTimed }) => isTimed !== isSampled);
      expect(wrong ?? [], name).toEqual([]);
    }
  });

  test("of the groups that are on by default, and no other, when nothing is set", async () => {
    // No events are named and no load reader is asked for: those groups are on without a series.
    const isOn: Situation["isOn"] = (group) =>
      isOnByDefault(group) && group !== "perf_event" && group !== "cpuLoad";
    const { page, complaints } = await settled(await startAgent(), { ...situation, isOn });
    expect(complaints).toEqual([]);
    await checkMetrics(page);
  });
});
