import { afterAll, beforeAll, expect, test } from "vitest";

import type { LevelAnswer, LevelRow } from "../../wire/stats/level-row.ts";
import { burnCpu, type Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { checkMetrics } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import { ask, askStats, seriesValue } from "./ask.ts";

const MEMORY = 64 << 20;
const CPU = "plimsoll_group_cpu_usage_seconds_total";
const OF_WEB = [`level="service"`, `name="shop/web"`];

let engine: Engine;
let program: Program;
let url: string;
const webs: Container[] = [];

const runWeb = (name: string): Promise<Container> =>
  engine.run({
    name,
    cmd: burnCpu,
    cpus: 0.1,
    memoryBytes: MEMORY,
    labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
  });

async function rowsOf(query: string): Promise<readonly LevelRow[]> {
  const answer = JSON.parse(await ask(`${url}/stats?${query}`)) as LevelAnswer;
  return answer.rows;
}

async function counter(): Promise<number> {
  return seriesValue(await ask(`${url}/metrics`), CPU, OF_WEB) ?? 0;
}

/** Waits until the service has so many containers and their CPU is measured. */
function webWith(containers: number): Promise<LevelRow> {
  return until(
    `a service of ${containers} containers`,
    async () => {
      const [row] = await rowsOf("level=service&name=shop/web");
      return row?.containers === containers && row.latest["cpu_cores"] !== undefined && row;
    },
    { everyMs: 500, log: () => program.stderr() },
  );
}

describeWith(["docker", "prometheus"], "levels", () => {
  beforeAll(async () => {
    engine = await startDocker();
    const [agentPort, aggregatorPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${aggregatorPort}`;
    program = await startProgram([
      "up",
      `--agent-listen=127.0.0.1:${agentPort}`,
      `--aggregator-listen=127.0.0.1:${aggregatorPort}`,
      `--agent-docker-host=${engine.host}`,
      "--agent-cri-endpoint=none",
      "--agent-node=host-1",
      "--aggregator-history-dir=history",
    ]);
    await program.ready(`${url}/-/ready`);
    webs.push(await runWeb("web-1"), await runWeb("web-2"));
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  test("add the containers of a service up", async () => {
    expect(await webWith(2)).toMatchObject({
      node: "host-1",
      nodes: 1,
      groups: { compose_project: "shop", service: "web" },
      limits: { memory_bytes: 2 * MEMORY, pids: null },
    });
  });

  test("have in each second exactly the sum of what the history has of each", async () => {
    const query = "start=-1m&step=1s&stat=avg&metrics=memory_usage_bytes";
    const compare = async (): Promise<boolean> => {
      const { containers } = await askStats(`${url}/stats?${query}&group=service:web`);
      const [row] = await rowsOf(`level=service&name=shop/web&${query}`);
      const seconds = containers.map(({ series }) => bySecond(series!));
      let compared = 0;
      for (const [time, sum] of bySecond(row!.series!)) {
        const parts = seconds.map((each) => each.get(time));
        // Where a pass lies on the border of two seconds a sample may stand for the next one.
        if (parts.some((part) => part === undefined)) continue;
        expect(sum).toBe(parts.reduce<number>((a, b) => a + b!, 0));
        compared++;
      }
      return compared >= 5;
    };
    await until("five seconds to compare", compare, { everyMs: 500 });
  });

  test("a node is what its machine does, and its containers are a part of it", async () => {
    const [node] = await rowsOf("level=node");
    const [cluster] = await rowsOf("level=cluster");
    expect(node).toMatchObject({ name: "host-1", containers: 2 });
    expect(node!.capacity!.cpu_cores).toBeGreaterThan(0);
    expect(node!.utilization!.cpu_ratio).toBeGreaterThan(0);
    expect(node!.outside_containers!["cpu_cores"]).toBeLessThan(Number(node!.latest["cpu_cores"]));
    expect(cluster).toMatchObject({ nodes: 1, containers: 2, capacity: node!.capacity });
  });

  test("counters pass promtool, and go on where containers are made anew", async () => {
    await checkMetrics(await ask(`${url}/metrics`));
    const before = await counter();
    expect(before).toBeGreaterThan(0);
    for (const web of webs.splice(0)) await web.remove();
    webs.push(await runWeb("web-3"));
    await webWith(1);
    let last = before;
    await until("the counter to have grown", async () => {
      const now = await counter();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
      return now > before + 0.2;
    });
  });

  test("the targets have a page that a browser may show", async () => {
    const response = await fetch(`${url}/targets`, { headers: { accept: "text/html" } });
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await response.text()).toContain("Targets (1 of 1 up)");
  });
});

/** The averages of the only statistic by second. */
function bySecond(series: NonNullable<LevelRow["series"]>): Map<number, number> {
  const [lists] = Object.values(series.values);
  const found = new Map<number, number>();
  for (const [index, time] of series.times.entries()) {
    const value = lists?.["avg"]?.[index];
    if (typeof value === "number") found.set(time, value);
  }
  return found;
}
