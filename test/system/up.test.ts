import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Browser, startChromium } from "../testbed/chromium.ts";
import { burnCpu, type Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { checkMetrics } from "../testbed/prometheus.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, askContainer, askStats, seriesValue } from "./ask.ts";

const NAME = "shop-burner-1";
const MEMORY = 64 << 20;

let engine: Engine;
let program: Program;
let burner: Container;
let browser: Browser;
let agent: string;
let aggregator: string;

/** A file of the container's cgroup, as the kernel has it now; this machine has cgroup v1. */
async function kernel(controller: string, file: string): Promise<string> {
  const path = join("/sys/fs/cgroup", controller, engine.cgroupParent, burner.id, file);
  return (await readFile(path, "utf8")).trim();
}

describeWith(["docker", "prometheus", "chromium"], "one command", () => {
  beforeAll(async () => {
    engine = await startDocker();
    const [agentPort, aggregatorPort] = [await freePort(), await freePort()];
    agent = `http://127.0.0.1:${agentPort}`;
    aggregator = `http://127.0.0.1:${aggregatorPort}`;
    program = await startProgram([
      "up",
      `--agent-listen=127.0.0.1:${agentPort}`,
      `--aggregator-listen=127.0.0.1:${aggregatorPort}`,
      `--agent-docker-host=${engine.host}`,
      "--agent-cri-endpoint=none",
      "--agent-node=host-1",
      "--aggregator-history-dir=history",
    ]);
    await program.printed(/Plimsoll is up\. Page: (\S+)/);
    browser = await startChromium();
    burner = await engine.run({
      name: NAME,
      cmd: burnCpu,
      cpus: 0.5,
      memoryBytes: MEMORY,
      labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "burner" },
    });
  });

  afterAll(async () => {
    await browser?.close();
    await program?.close();
    await engine?.close();
  });

  test("shows a container on all four faces within 5 s", async () => {
    const started = Date.now();
    const everywhere = async (): Promise<boolean> => {
      const [here, there, page] = await Promise.all([
        askContainer(agent, NAME),
        askContainer(aggregator, NAME),
        ask(`${agent}/metrics`),
      ]);
      const seen = seriesValue(page, "container_memory_usage_bytes", [`name="${NAME}"`]);
      return here !== undefined && there !== undefined && seen !== undefined;
    };
    await until("the container to be seen", everywhere, { log: () => program.stderr() });
    expect(Date.now() - started).toBeLessThan(5000);
    const { page } = await browser.open(aggregator);
    await page.getByText(NAME).first().waitFor({ timeout: 5000 });
  });

  test("says who it is", async () => {
    const container = await askContainer(agent, NAME);
    expect(container).toMatchObject({
      container_id: burner.id,
      id: `${engine.cgroupParent}/${burner.id}`,
      image: "busybox:1",
      runtime: "docker",
      state: "running",
      groups: { compose_project: "shop", service: "burner" },
      limits: { cpu_cores: 0.5, memory_bytes: MEMORY, pids: null },
    });
    expect(Date.parse(container?.started_at ?? "")).toBeLessThanOrEqual(Date.now());
    const grouped = await askStats(`${aggregator}/stats?group=compose_project:shop`);
    expect(grouped.containers.map(({ name, node }) => [name, node])).toEqual([[NAME, "host-1"]]);
  });

  test("measures half a core, on the agent and on the aggregator", async () => {
    await sleep(6000);
    for (const base of [agent, aggregator]) {
      const { containers } = await askStats(`${base}/stats?name=${NAME}&window=5s`);
      const { latest, window } = containers[0]!;
      expect(latest["cpu_cores"], base).toBeGreaterThan(0.48);
      expect(latest["cpu_cores"], base).toBeLessThan(0.52);
      expect(window["cpu_cores"]?.["avg"], base).toBeGreaterThan(0.48);
      expect(window["cpu_cores"]?.["avg"], base).toBeLessThan(0.52);
      expect(latest["cpu_throttled_ratio"], base).toBeGreaterThan(0.9);
    }
  });

  test("has its memory to the byte of the kernel's file", async () => {
    // The file must say the same before and after the sample for the three to be comparable.
    const compare = async (): Promise<boolean> => {
      const before = await kernel("memory", "memory.usage_in_bytes");
      const sampled = Date.now();
      const [here, there, page] = await until("a newer sample everywhere", async () => {
        const [one, other] = [
          await askContainer(agent, NAME),
          await askContainer(aggregator, NAME),
        ];
        const isNew = [one, other].every(
          (answer) => Date.parse(answer?.latest.time ?? "") > sampled,
        );
        return isNew && ([one, other, await ask(`${agent}/metrics`)] as const);
      });
      if (before !== (await kernel("memory", "memory.usage_in_bytes"))) return false;
      expect(here?.latest["memory_usage_bytes"]).toBe(Number(before));
      expect(there?.latest["memory_usage_bytes"]).toBe(Number(before));
      const labels = [`name="${NAME}"`];
      expect(seriesValue(page, "container_memory_usage_bytes", labels)).toBe(Number(before));
      expect(seriesValue(page, "container_spec_memory_limit_bytes", labels)).toBe(MEMORY);
      return true;
    };
    await until("two equal readings", compare, { timeoutMs: 20_000 });
  });

  test("passes promtool in both formats, and has no series twice", async () => {
    const page = await ask(`${agent}/metrics`);
    await checkMetrics(page);
    await checkMetrics(await ask(`${aggregator}/metrics`));
    const series = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(names.length - new Set(names).size).toBe(0);
    const open = await ask(`${agent}/metrics`, {
      accept: "application/openmetrics-text;version=1.0.0",
    });
    expect(open.endsWith("# EOF\n")).toBe(true);
  });

  test("describes every route", async () => {
    for (const base of [agent, aggregator]) {
      const document = JSON.parse(await ask(`${base}/openapi.json`)) as { paths: object };
      const paths = Object.keys(document.paths);
      expect(paths, base).toContain("/stats");
      expect(paths, base).toContain("/metrics");
      const { page, foreignRequests, errors } = await browser.open(`${base}/docs`);
      await page.getByText("/metrics").first().waitFor();
      expect(foreignRequests).toEqual([]);
      expect(errors).toEqual([]);
      await page.close();
    }
  });

  test("draws its last hour when it is clicked", async () => {
    const { page, foreignRequests, errors } = await browser.open(aggregator);
    await page.getByText(NAME).first().click();
    await page.locator("canvas").first().waitFor();
    expect(foreignRequests).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("answers a bad question with the parameter's name", async () => {
    for (const base of [agent, aggregator]) {
      for (const query of ["limit=x", "nonsense=1", "window=60", "sort=color"]) {
        const response = await fetch(`${base}/stats?${query}`);
        const answer = (await response.json()) as { message: string };
        expect(response.status, `${base} ${query}`).toBe(400);
        expect(answer.message).toContain(query.split("=")[0]);
      }
      expect((await fetch(`${base}/stats/nobody`)).status).toBe(404);
      expect((await fetch(`${base}/stats`, { method: "POST" })).status).toBe(405);
    }
  });

  test("lets go of a container that is killed, and keeps its history", async () => {
    await burner.kill();
    const killedAt = Date.now();
    const gone = async (): Promise<boolean> =>
      seriesValue(await ask(`${agent}/metrics`), "container_last_seen", [`name="${NAME}"`]) ===
      undefined;
    await until("it to be gone from /metrics", gone, { everyMs: 200 });
    expect(Date.now() - killedAt).toBeLessThan(2000);
    await until("it to be gone from the aggregator's present", async () => {
      return (await askContainer(aggregator, NAME)) === undefined;
    });
    const { containers } = await askStats(
      `${aggregator}/stats?start=-5m&name=${NAME}&step=1s&stat=avg`,
    );
    const series = containers[0]?.series;
    const cores = series?.values["cpu_cores"]?.["avg"] ?? [];
    expect(cores.filter((value) => value !== null).length).toBeGreaterThan(8);
    expect(containers[0]?.name).toBe(NAME);
  });

  test("ends within 5 s", async () => {
    const asked = Date.now();
    await program.close();
    expect(Date.now() - asked).toBeLessThan(5000);
  });
});
