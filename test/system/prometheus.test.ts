import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { allMetrics } from "../../wire/metrics/all.ts";
import { machineMetrics } from "../../wire/metrics/machine.ts";
import { isOnByDefault } from "../../wire/metrics/metric-groups.ts";
import { specMetrics } from "../../wire/metrics/spec.ts";
import { burnCpu, type Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

/** What only some machines have. */
const RARE = /_(?:books|drawers|dimm_\w+|nvm_\w+)$/;

let engine: Engine;
let program: Program;
let prometheus: Prometheus;
let burner: Container;

/** CPU seconds of the burner, as the kernel has them now. */
async function usedSeconds(): Promise<number> {
  const file = join("/sys/fs/cgroup/cpuacct", engine.cgroupParent, burner.id, "cpuacct.usage");
  return Number(await readFile(file, "utf8")) / 1e9;
}

async function value(expression: string): Promise<number> {
  const [sample] = await prometheus.query(expression);
  return Number(sample?.value[1]);
}

describeWith(["docker", "prometheus"], "a Prometheus that scrapes each second", () => {
  beforeAll(async () => {
    engine = await startDocker();
    const listen = `127.0.0.1:${await freePort()}`;
    program = await startProgram([
      "agent",
      NO_CRI,
      `--listen=${listen}`,
      `--docker-host=${engine.host}`,
    ]);
    await program.ready(`http://${listen}/-/ready`);
    prometheus = await startPrometheus({ targets: [listen] });
    burner = await engine.run({
      name: "burner",
      cmd: burnCpu,
      cpus: 0.5,
      memoryBytes: 64 << 20,
      labels: { 'quote"s': 'a "b"\nc\\d', ünï: "ö🚢\r\t" },
    });
    await comeAndGo(10_000);
  });

  afterAll(async () => {
    await prometheus?.close();
    await program?.close();
    await engine?.close();
  });

  test("computes half a core", async () => {
    const before = await usedSeconds();
    const begun = performance.now();
    await comeAndGo(20_000);
    const cores = ((await usedSeconds()) - before) / ((performance.now() - begun) / 1000);
    // A busy machine may give it less.
    expect(cores).toBeLessThan(0.51);
    const rate = await value('sum(rate(container_cpu_usage_seconds_total{name="burner"}[20s]))');
    expect(Math.abs(rate - cores)).toBeLessThan(0.05);
    expect(await value('container_spec_memory_limit_bytes{name="burner"}')).toBe(64 << 20);
  });

  test("has never missed a scrape", async () => {
    const [target] = await prometheus.targets();
    expect(target).toMatchObject({ health: "up", lastError: "" });
    expect(await value("min_over_time(up[30s])")).toBe(1);
    // It begins some seconds after its own start.
    expect(await value("count_over_time(up[20s])")).toBeGreaterThanOrEqual(19);
    expect(prometheus.log()).not.toMatch(/duplicate|out.of.order|level=(?:warn|error)/i);
    const own = await ask(`${prometheus.url}/metrics`);
    for (const trouble of ["duplicate_timestamp", "out_of_order", "out_of_bounds"]) {
      const counter = `prometheus_target_scrapes_sample_${trouble}_total`;
      expect(seriesValue(own, counter), counter).toBe(0);
    }
  });

  test("asks for OpenMetrics and understands it", async () => {
    const answer = await ask(`${prometheus.url}/api/v1/metadata`);
    const { data } = JSON.parse(answer) as { data: Record<string, { type: string }[]> };
    // Only there a counter's family is named without `_total`.
    expect(data["container_cpu_usage_seconds"]?.[0]?.type).toBe("counter");
    expect(data).not.toHaveProperty("container_cpu_usage_seconds_total");
    const [info] = await prometheus.query('container_info{name="burner"}');
    expect(info?.metric).toMatchObject({
      runtime: "docker",
      container_label_quote_s: 'a "b"\nc\\d',
      container_label__n_: "ö🚢\r\t",
    });
  });

  test("finds every family", async () => {
    const rows = await prometheus.query('count by (__name__) ({job="test"})');
    const found = new Set(rows.map(({ metric }) => metric["__name__"]));
    const families = [
      ...allMetrics
        .filter(({ group }) => isOnByDefault(group))
        .flatMap(({ family }) => family ?? []),
      ...specMetrics,
      ...machineMetrics.filter(({ name, group }) => group === undefined && !RARE.test(name)),
    ];
    const missing = families.filter(({ name }) => !found.has(name));
    // A kernel that counts the I/O of no device has none of these to show.
    const diskIo = allMetrics.flatMap(({ group, family }) =>
      group === "diskIO" ? (family ?? []) : [],
    );
    expect(missing).toEqual(missing.length === 0 ? [] : diskIo);
  });

  test("sees a killed container no more", async () => {
    // What has been counted of it stays.
    const series =
      '{__name__=~"container_.*", __name__!~"container_(oom_)?events_total", name="burner"}';
    expect((await prometheus.query(series)).length).toBeGreaterThan(20);
    await burner.kill();
    const isStale = async (): Promise<boolean> => (await prometheus.query(series)).length === 0;
    await until("its series to be stale", isStale, { timeoutMs: 3000 });
  });
});

/** Containers start and end, two of them at a time with the same name one after the other. */
async function comeAndGo(forMs: number): Promise<void> {
  const deadline = Date.now() + forMs;
  for (let turn = 0; Date.now() < deadline; turn += 1) {
    const container = await engine.run({ name: `guest-${turn % 2}`, cmd: ["sleep", "1000"] });
    await sleep(700);
    await container.remove();
  }
}
