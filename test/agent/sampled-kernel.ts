import { renameSync } from "node:fs";
import { join } from "node:path";

import fastify, { type FastifyInstance } from "fastify";
import { pino } from "pino";
import { Registry } from "prom-client";

import { SeriesLabels } from "../../agent/api/families/series-labels.ts";
import { KeptAnswers } from "../../agent/api/kept-answers.ts";
import type { AgentView, Route } from "../../agent/api/route.ts";
import { allCollectors } from "../../agent/collectors/all.ts";
import { GroupTotals } from "../../agent/groups/group-totals.ts";
import { Inventory } from "../../agent/inventory/inventory.ts";
import { followKills, type Kills } from "../../agent/kills.ts";
import { UNKNOWN_MACHINE } from "../../agent/machine/machine.ts";
import { unreadableKmsg } from "../../agent/oom/kmsg.ts";
import { openEvents } from "../../agent/open-events.ts";
import type { Runtime } from "../../agent/runtimes/runtime.ts";
import { Sampler } from "../../agent/window/sampler.ts";
import { Window } from "../../agent/window/window.ts";
import type { EventLog } from "../../wire/events/log.ts";
import { fakeRest } from "./api/rest/fake-rest.ts";
import { noDiagnostics } from "./diagnostics/no-diagnostics.ts";
import { FakeKernel, recordedNetDev, V2_ID } from "./fake-kernel.ts";

/** When the first sample of a fake kernel is taken. */
const START = Date.parse("2026-11-21T06:15:30Z");

const V1_ID = "1b".repeat(32);

/** An engine that knows one container and never hears of another. */
function runtimeOf(id: string): Runtime {
  return {
    name: "docker",
    health: "connected",
    failures: new Map(),
    start: (listener) =>
      listener.upsert({
        id,
        name: "shop-web-1",
        image: "busybox:1",
        labels: {
          "com.docker.compose.project": "shop",
          "com.docker.compose.service": "web",
          'says "no"': "back\\slash\nnewline",
        },
        state: "running",
        createdAt: "2026-11-21T06:14:45.84308231Z",
        startedAt: "2026-11-21T06:14:54.9914185Z",
      }),
    close: async () => {},
  };
}

function v1Kernel(): FakeKernel {
  const kernel = new FakeKernel("cgroup-v1");
  for (const controller of ["blkio", "cpu", "cpuacct", "memory", "pids"]) {
    const parent = join(kernel.cgroupRoot, controller, "docker");
    renameSync(join(parent, "web"), join(parent, V1_ID));
  }
  kernel.write(`pids/docker/${V1_ID}/cgroup.procs`, "775\n");
  return kernel;
}

/** What the container does between the samples. */
const LATER = {
  "cgroup-v1": (kernel: FakeKernel): void => {
    kernel.write(`cpuacct/docker/${V1_ID}/cpuacct.usage`, "1294683337\n");
    kernel.write(
      `cpu/docker/${V1_ID}/cpu.stat`,
      "nr_periods 30\nnr_throttled 12\nthrottled_time 605576456\n",
    );
  },
  "cgroup-v2": (kernel: FakeKernel): void => {
    const scope = `system.slice/docker-${V2_ID}.scope`;
    kernel.write(
      `${scope}/cpu.stat`,
      "usage_usec 15624216\nuser_usec 12583619\nsystem_usec 3040597\nnr_periods 313\nnr_throttled 297\nthrottled_usec 14744661\n",
    );
    kernel.write(
      `${scope}/io.stat`,
      "254:16 rbytes=0 wbytes=0 rios=0 wios=1 dbytes=0 dios=0\n254:0 rbytes=9265152 wbytes=73584640 rios=209 wios=16695 dbytes=0 dios=0\n",
    );
  },
};

/** An agent's routes over a fake kernel. */
export interface SampledKernel {
  /** Asks a route; throws unless it answers 200. */
  ask(url: string): Promise<string>;
  readonly app: FastifyInstance;
  readonly window: Window;
  /** Samples once more, a second later. */
  pass(): Promise<void>;
  close(): Promise<void>;
}

/** Samples the recorded cgroups of a fake kernel twice, a second apart, and answers for them with these routes. */
export async function sampleFakeKernel(
  recorded: "cgroup-v1" | "cgroup-v2",
  routes: readonly Route[],
  open: () => FastifyInstance | Promise<FastifyInstance> = () => fastify(),
): Promise<SampledKernel> {
  const kernel = recorded === "cgroup-v1" ? v1Kernel() : new FakeKernel(recorded);
  kernel.process(775, "net:[2]", recordedNetDev());
  kernel.sys("dev/block/254:0/uevent", "DEVNAME=vda\n");
  kernel.sys("dev/block/254:16/uevent", "DEVNAME=vdb\n");
  kernel.madeAt(START - 60_000);
  let time = START;
  const window = new Window(60, 60_000);
  const groups = new GroupTotals(window);
  const inventory = new Inventory(() => {});
  inventory.follow(runtimeOf(recorded === "cgroup-v1" ? V1_ID : V2_ID), () => {});
  const events = await openEvents({
    node: "host-1",
    directory: "",
    maxBytes: 0,
    thresholds: { throttled: 0, pressure: 0 },
    inventory,
    window,
    now: () => time,
    logger: pino({ level: "silent" }),
  });
  const kills = followKills({
    hierarchies: kernel.hierarchies,
    inventory,
    window,
    kmsg: unreadableKmsg("none"),
    selects: () => true,
    events,
  });
  const sampler = new Sampler({
    hierarchies: kernel.hierarchies,
    collectors: allCollectors,
    host: { ...kernel.host(), kills: kills.oom.ledger },
    watches: [kills.watch],
    inventory,
    window,
    clock: { now: () => time, monotonic: () => time - START },
    intervalMs: 1000,
  });
  await sampler.pass();
  time += 1000;
  LATER[recorded](kernel);
  await sampler.pass();
  const app = await open();
  serve(app, routes, window, { ...kills, log: events.log }, groups);
  return {
    app,
    window,
    pass() {
      time += 1000;
      return sampler.pass();
    },
    async ask(url) {
      const { statusCode, body } = await app.inject({ url });
      if (statusCode !== 200) throw new Error(`${url} answers ${statusCode}: ${body}`);
      return body;
    },
    async close() {
      await app.close();
      await sampler.close();
      kernel[Symbol.dispose]();
    },
  };
}

function serve(
  app: FastifyInstance,
  routes: readonly Route[],
  window: Window,
  { oom, events, log }: Kills & { readonly log: EventLog },
  groups: GroupTotals,
): void {
  const labels = new SeriesLabels({ include: [], union: false }, window);
  const view: AgentView = {
    node: "host-1",
    run: "0",
    eventLog: log,
    machine: {
      ...UNKNOWN_MACHINE,
      cpuCores: 2,
      physicalCores: 2,
      sockets: 1,
      memoryBytes: 1_508_397_056,
      swapBytes: 134_213_632,
    },
    window,
    intervalSeconds: 1,
    windowSeconds: 60,
    metricsPath: "/metrics",
    style: { labelsOf: (container) => labels.of(container), hasTimestamps: false },
    labels,
    exposed: allCollectors,
    windowStatistics: "containers",
    groups,
    appMetrics: undefined,
    isGroupOn: () => true,
    engineVersion: () => undefined,
    oom: oom.ledger,
    events,
    hasFailed: () => false,
    answers: new KeptAnswers(window),
    rest: fakeRest(window, log),
    diagnostics: noDiagnostics(),
    registry: new Registry(),
  };
  for (const route of routes) route(app, view);
}
