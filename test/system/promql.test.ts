import { readFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { burnCpu, type Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";
import { sleep } from "../testbed/wait.ts";
import { askStats } from "./ask.ts";
import {
  dashboardQueries,
  type DashboardQuery,
  type Fact,
  type Gives,
  type Source,
} from "./dashboard-queries.ts";
import { NO_CRI } from "./start-agent.ts";

const MIB = 1024 ** 2;

/** What the expressions with `[1m]` look back at. */
const WATCHED_MS = 60_000;

/** Before it: so the first second is as full as the last. */
const BEFORE_MS = 5000;

const LIMIT = 100 * MIB;

/** Echo requests a second, and what they and the answers are: data, ICMP, IPv4, Ethernet. */
const PINGS = 5;
const PING_BYTES = 1000 + 8 + 20 + 14;

const SWARM = {
  "com.docker.stack.namespace": "shop",
  "com.docker.swarm.service.name": "shop_web",
  "com.docker.swarm.node.id": "node1",
};

const KUBERNETES = {
  "io.kubernetes.pod.name": "web-1",
  "io.kubernetes.pod.namespace": "default",
  "io.kubernetes.container.name": "web",
};

const PING = `ping -q -i ${1 / PINGS} -s 1000 $(ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p')`;

let engine: Engine;
const programs: Program[] = [];
const sources = new Map<Source, Prometheus>();
let facts: Readonly<Record<Fact, number>>;

/** Starts the containers, and returns the one that uses half a core. */
async function startContainers(): Promise<Container> {
  const hold = "dd if=/dev/zero of=/dev/shm/file bs=1048576 count=20; exec sleep 100000";
  await engine.run({ name: "holder", cmd: ["sh", "-c", hold], memoryBytes: LIMIT });
  await engine.run({ name: "idle", cmd: ["sleep", "100000"] });
  await engine.run({
    name: "k8s_web_web-1_default_1_0",
    cmd: ["sh", "-c", PING],
    cpus: 0.2,
    network: "bridge",
    labels: KUBERNETES,
  });
  return engine.run({ name: "half", cmd: burnCpu, cpus: 0.5, labels: SWARM });
}

async function startAgent(...args: readonly string[]): Promise<string> {
  const listen = `127.0.0.1:${await freePort()}`;
  const program = await startProgram([
    "agent",
    NO_CRI,
    `--listen=${listen}`,
    `--docker-host=${engine.host}`,
    ...args,
  ]);
  programs.push(program);
  await program.ready(`http://${listen}/-/ready`);
  return listen;
}

function copied(from: string, to: string): object {
  return { source_labels: [`container_label_io_kubernetes_${from}`], target_label: to };
}

/** As the kubelet's own metrics are labelled, now and before Kubernetes 1.16. */
const asKubelet = {
  job_name: "kubelet",
  metric_relabel_configs: [
    copied("pod_name", "pod"),
    copied("pod_name", "pod_name"),
    copied("pod_namespace", "namespace"),
    copied("container_name", "container"),
    copied("container_name", "container_name"),
  ],
};

const KUBELET_LABELS = {
  cluster: "c1",
  metrics_path: "/metrics/cadvisor",
  kubernetes_io_hostname: "node-1",
  node: "node-1",
};

/** A Prometheus of its own for each, as the dashboards do not tell jobs apart. */
async function startSource(source: Source, target: string): Promise<void> {
  const isKubelet = source === "kubelet";
  const job = {
    ...(isKubelet ? asKubelet : { job_name: "cadvisor" }),
    static_configs: [{ targets: [target], ...(isKubelet ? { labels: KUBELET_LABELS } : {}) }],
  };
  const config = JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [job] });
  const prometheus = await startPrometheus({ config });
  sources.set(source, prometheus);
  await prometheus.queryUntilFound('container_cpu_usage_seconds_total{name="half"}');
}

/** CPU seconds that a container has used, as the kernel has them. */
async function cpuSeconds({ id }: Container): Promise<number> {
  const v1 = path.join("/sys/fs/cgroup/cpuacct", engine.cgroupParent, id, "cpuacct.usage");
  const v2 = path.join("/sys/fs/cgroup", engine.cgroupParent, id, "cpu.stat");
  try {
    return Number(await readFile(v1, "utf8")) / 1e9;
  } catch {
    return Number(/^usage_usec (\d+)/.exec(await readFile(v2, "utf8"))?.[1]) / 1e6;
  }
}

async function learnFacts(agent: string, halfCores: number): Promise<typeof facts> {
  const all = (await askStats(`http://${agent}/stats`)).containers;
  const containers = all.filter(({ runtime, image }) => runtime === "docker" && image);
  const memory = (name?: string, stat = "memory_usage_bytes"): number =>
    containers
      .filter((container) => name === undefined || container.name === name)
      .reduce((sum, { latest }) => sum + Number(latest?.[stat as "memory_usage_bytes"]), 0);
  const cores = (await readFile("/proc/cpuinfo", "utf8")).match(/^processor\s/gm)?.length ?? 0;
  const total = /^MemTotal: +(\d+) kB/.exec(await readFile("/proc/meminfo", "utf8"))?.[1];
  const holderBytes = memory("holder");
  return {
    containers: 4,
    one: 1,
    cores,
    halfCores,
    halfPercent: halfCores * 100,
    halfPercentOfMachine: (halfCores / cores) * 100,
    machineBytes: Number(total) * 1024,
    memoryMib: memory() / MIB,
    holderBytes,
    holderWorkingSet: memory("holder", "memory_working_set_bytes"),
    limitBytes: LIMIT,
    limitLess: LIMIT - holderBytes,
    sentBytes: PINGS * PING_BYTES,
    sentBits: PINGS * PING_BYTES * 8,
    sentPackets: PINGS,
  };
}

interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

async function evaluate({ on, expression }: DashboardQuery): Promise<Row[]> {
  const url = `${sources.get(on)?.url}/api/v1/query?${String(new URLSearchParams({ query: expression }))}`;
  const answer = (await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).json()) as {
    readonly error?: string;
    readonly data: {
      readonly resultType: string;
      readonly result: readonly { metric: Row["metric"]; value: [number, string] }[];
    };
  };
  expect(answer.error, expression).toBeUndefined();
  const { resultType, result } = answer.data;
  if (resultType === "scalar") return [{ metric: {}, value: Number(result[1]) }];
  return result.map(({ metric, value }) => ({
    metric,
    value: Number(value[1].replace("Inf", "Infinity")),
  }));
}

/** Complaints about what an expression gave. */
function complaintsOf(rows: readonly Row[], gives: Gives): string | undefined {
  if (gives === "any") return undefined;
  if (gives === "none") return rows.length === 0 ? undefined : `gives ${rows.length} rows`;
  if (rows.length === 0) return "gives nothing";
  if (rows.some(({ value }) => Number.isNaN(value))) return "gives NaN";
  if (gives === "rows") return undefined;
  if ("rows" in gives) {
    const must = facts[gives.rows];
    return rows.length === must ? undefined : `gives ${rows.length} rows instead of ${must}`;
  }
  const own = rows.filter(({ metric }) =>
    Object.entries(gives.of ?? {}).every(([label, text]) => metric[label] === text),
  );
  const [must, value] = [facts[gives.is], own[0]?.value ?? Number.NaN];
  if (own.length !== 1) return `gives ${own.length} rows of it`;
  const isNear = Math.abs(value - must) <= must * (gives.within ?? 0);
  return isNear ? undefined : `gives ${value} instead of ${must}`;
}

describeWith(["docker", "prometheus"], "the expressions of widely imported dashboards", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    const half = await startContainers();
    const plain = await startAgent();
    const union = await startAgent("--label-union", "--load-reader");
    await startSource("plain", plain);
    await startSource("union", union);
    await startSource("kubelet", union);
    await sleep(BEFORE_MS);
    const [before, begun] = [await cpuSeconds(half), performance.now()];
    await sleep(WATCHED_MS);
    const halfCores = ((await cpuSeconds(half)) - before) / ((performance.now() - begun) / 1000);
    expect(halfCores).toBeLessThan(0.51);
    facts = await learnFacts(plain, halfCores);
  });

  afterAll(async () => {
    for (const prometheus of sources.values()) await prometheus.close();
    for (const program of programs) await program.close();
    await engine?.close();
  });

  test("give what they should", async () => {
    const complaints: string[] = [];
    for (const query of dashboardQueries) {
      const complaint = complaintsOf(await evaluate(query), query.gives);
      if (complaint !== undefined) {
        complaints.push(`${query.dashboard}: ${query.expression} ${complaint}`);
      }
    }
    expect(complaints).toEqual([]);
  });
});
