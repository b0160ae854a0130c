import { readFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { burnCpu, type Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, type Sample, startPrometheus } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import {
  type Asked,
  chosen,
  type CommittedDashboard,
  committedDashboards,
  filled,
  type Variable,
} from "./dashboards-asked.ts";
import { type StartedAgent, startAgent } from "./start-agent.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** What may have no rows here, and why. */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  "container: Disk in use [B]": "no container has a named volume",
  "container: Block devices [A]": "cgroup v1 counts no I/O of containers without a limit",
  "container: Block devices [B]": "cgroup v1 counts no I/O of containers without a limit",
  "noisy-neighbours: Share of the node's disk traffic [A]": "cgroup v1, as above",
  "events: Health changed [A]": "no container has a health check",
  "itself: Engines that fail [A]": "all engines answer",
  "itself: Targets that do not answer [A]": "all targets answer",
};

/** Labels that a legend names and that only some series have: whichever kind a group is of. */
const RARE_LABELS: ReadonlySet<string> = new Set(["compose_project", "stack", "namespace"]);

/** On a quiet machine it takes a few seconds. */
const ENOUGH_MS = 90_000;

/** What is on by default, and threads. */
const GROUPS =
  "--metrics-enable=cpu,cpuLoad,disk,diskIO,memory,network,oom_event,percpu,pressure,process";

let engine: Engine;
let agent: StartedAgent;
let aggregator: Program;
let prometheus: Prometheus;

/** Runs out of memory again and again. */
const GREEDY =
  "while :; do dd if=/dev/zero of=/dev/shm/file bs=1M count=60 2>/dev/null; sleep 2; done";

const KUBERNETES = {
  "io.kubernetes.pod.name": "web-1",
  "io.kubernetes.pod.namespace": "default",
  "io.kubernetes.container.name": "web",
};

const SWARM = {
  "com.docker.stack.namespace": "shop",
  "com.docker.swarm.service.name": "shop_web",
  "com.docker.swarm.task.name": "shop_web.1.abc",
};

const COMPOSE = {
  "com.docker.compose.project": "blog",
  "com.docker.compose.service": "web",
};

async function startContainers(): Promise<void> {
  const limited = { cmd: burnCpu, cpus: 0.1, memoryBytes: 64 << 20, network: "bridge" };
  // Docker lets names have dots, which mean something in regular expressions.
  await engine.run({ ...limited, name: "blog.web-1", labels: COMPOSE });
  await engine.run({ ...limited, name: "shop_web.1.abc", labels: SWARM });
  const pod: Container = await engine.run({
    ...limited,
    name: "k8s_web_web-1_default_1_0",
    labels: KUBERNETES,
  });
  await engine.run({ name: "greedy", cmd: ["sh", "-c", GREEDY], memoryBytes: 20 << 20 });
  await pod.kill();
  await pod.start();
  await pod.api.rename({ name: "k8s_web_web-1_default_1_1" });
}

async function startAggregator(): Promise<string> {
  const listen = `127.0.0.1:${await freePort()}`;
  aggregator = await startProgram([
    "aggregator",
    `--listen=${listen}`,
    `--agents=${agent.url}`,
    "--scrape-interval=2s",
    // Nobody listens there, so that its queue has something in it.
    "--influx-url=http://127.0.0.1:1",
  ]);
  await aggregator.ready(`http://${listen}/-/ready`);
  return listen;
}

/** What a query over time gives. */
interface Matrix {
  readonly result: readonly {
    readonly values: readonly (readonly [time: number, value: string])[];
  }[];
}

async function ask<Answer>(route: string, parameters: Record<string, string>): Promise<Answer> {
  const url = `${prometheus.url}/api/v1/${route}?${String(new URLSearchParams(parameters))}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const answer: { error?: string; data: Answer } = JSON.parse(await response.text());
  expect(answer.error, JSON.stringify(parameters)).toBeUndefined();
  return answer.data;
}

async function rowsOf(asked: Asked, values: Record<string, string>): Promise<Sample[]> {
  const query = filled(asked.expression, values);
  const now = Date.now() / 1000;
  const range = { start: String(now - 120), end: String(now), step: "15" };
  const { result } = asked.isRange
    ? await ask<{ result: Sample[] }>("query_range", { query, ...range })
    : await ask<{ result: Sample[] }>("query", { query });
  return result;
}

/** What can be chosen: `label_values(series, label)`. */
async function optionsOf(variable: Variable, values: Record<string, string>): Promise<string[]> {
  const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(variable.query) ?? [];
  return ask<string[]>(`label/${label}/values`, { "match[]": filled(series, values) });
}

/** Everything chosen at once, or one of each. */
async function valuesFor(
  dashboard: CommittedDashboard,
  isAll: boolean,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const variable of dashboard.variables) {
    if (variable.type !== "query") continue;
    const options = await optionsOf(variable, values);
    expect(options, `${dashboard.name}: ${variable.name}`).not.toEqual([]);
    const all = variable.allValue ?? chosen(options);
    values[variable.name] = isAll ? all : chosen(options.slice(0, 1));
  }
  return values;
}

/** Why an answer is none. */
async function complaintOf(
  asked: Asked,
  values: Record<string, string>,
): Promise<string | undefined> {
  const rows = await rowsOf(asked, values);
  if (rows.length === 0) {
    return asked.where in MAY_BE_EMPTY ? undefined : `${asked.where} gives nothing`;
  }
  const missing = asked.labels.filter(
    (label) => !RARE_LABELS.has(label) && rows.some(({ metric }) => metric[label] === undefined),
  );
  return missing.length === 0 ? undefined : `${asked.where} has no ${missing.join(", ")}`;
}

async function complaints(): Promise<string[]> {
  const found: string[] = [];
  for (const dashboard of committedDashboards()) {
    const values = await valuesFor(dashboard, true);
    for (const asked of dashboard.asked) {
      const complaint = await complaintOf(asked, values);
      if (complaint !== undefined) found.push(complaint);
    }
  }
  return found;
}

describeWith(["docker", "prometheus"], "the dashboards for Prometheus", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    agent = await startAgent(`--docker-host=${engine.host}`, GROUPS);
    const listen = await startAggregator();
    const job = (name: string, target: string): object => ({
      job_name: name,
      static_configs: [{ targets: [target] }],
    });
    const jobs = [job("agents", new URL(agent.url).host), job("aggregator", listen)];
    const config = { global: { scrape_interval: "1s" }, scrape_configs: jobs };
    prometheus = await startPrometheus({ config: JSON.stringify(config) });
    await prometheus.queryUntilFound("machine_cpu_cores");
    await startContainers();
    const killed = 'container_events_total{type="oom_kill"}';
    const isKilled = async (): Promise<boolean> => (await prometheus.query(killed)).length > 0;
    await until("a process to be killed", isKilled, {
      timeoutMs: ENOUGH_MS,
      everyMs: 250,
      log: () => agent.program.stderr(),
    });
  });

  afterAll(async () => {
    await prometheus?.close();
    await aggregator?.close();
    await agent?.program.close();
    await engine?.close();
  });

  test("show numbers in every panel, with the labels that legends name", async () => {
    let last: string[] = [];
    await until(
      "every panel to show numbers",
      async () => {
        last = await complaints();
        return last.length === 0;
      },
      { timeoutMs: ENOUGH_MS, everyMs: 2000, log: () => last.join("\n") },
    );
  });

  test("take one of each variable, with characters of regular expressions in it", async () => {
    for (const dashboard of committedDashboards()) {
      const values = await valuesFor(dashboard, false);
      for (const asked of dashboard.asked) await rowsOf(asked, values);
    }
    const names = await prometheus.query(`container_last_seen{name=~"${chosen(["blog.web-1"])}"}`);
    expect(names.map(({ metric }) => metric["name"])).toEqual(["blog.web-1"]);
  });

  test("stand beside alerts whose metrics are there", async () => {
    const alerts = await readFile(path.join(ROOT, "dashboards/rules/alerts.yaml"), "utf8");
    const used = [...alerts.matchAll(/\b(?:container|machine|plimsoll)_\w+/g)].map(
      ([name]) => name,
    );
    const known = new Set(await ask<string[]>("label/__name__/values", {}));
    const missing = used.filter((name) => !known.has(name));
    expect([...new Set(missing)]).toEqual([]);
  });

  test("count every event once, however long the steps are", async () => {
    const all = committedDashboards().flatMap(({ asked }) => asked);
    const { raw } = all.find(({ where }) => where === "events: By type [A]") ?? {};
    const values = { job: ".*", node: ".*" };
    const end = Math.floor(Date.now() / 1000) - 5;
    const counted = async (step: number): Promise<number> => {
      const query = filled(raw?.replaceAll("$__interval", `${step}s`) ?? "", values);
      const range = { start: String(end - 60 + step), end: String(end), step: String(step) };
      const { result } = await ask<Matrix>("query_range", { query, ...range });
      return result
        .flatMap((series) => series.values)
        .reduce((sum, [, value]) => sum + Number(value), 0);
    };
    const once = await counted(60);
    expect(once).toBeGreaterThan(0);
    expect([await counted(10), await counted(20), await counted(30)]).toEqual([once, once, once]);
  });
});
