import { writeFile } from "node:fs/promises";
import path from "node:path";

import { startChild, type Child } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { freePort } from "./port.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** One row of an instant query: labels, and the value as Prometheus writes it. */
export interface Sample {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/** A target as `/api/v1/targets` tells it. */
export interface Target {
  scrapeUrl: string;
  health: "up" | "down" | "unknown";
  lastError: string;
  labels: Record<string, string>;
}

/** A Prometheus of a test's own. */
export interface Prometheus {
  readonly url: string;
  log(): string;
  /** Instant query now; throws what Prometheus says to a bad expression. */
  query(expression: string): Promise<Sample[]>;
  /** Asks until at least one row comes back (30 s). */
  queryUntilFound(expression: string): Promise<Sample[]>;
  targets(): Promise<Target[]>;
  /** SIGKILL; what it has stored stays. */
  kill(): Promise<void>;
  /** Starts it again after that, at the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What it scrapes. */
export interface PrometheusOptions {
  /** `HOST:PORT` of each target, one job `test`, every second; or the whole configuration as YAML. */
  targets?: readonly string[];
  config?: string;
  netns?: string;
  /** Further arguments. */
  args?: readonly string[];
}

/** Names of cAdvisor's that break rules for names, and that its users rely on. */
const ODD_NAMES: ReadonlySet<string> = new Set([
  "cadvisor_version_info",
  "container_cpu_load_d_average_10s",
  "container_fs_inodes_total",
  "container_hugetlb_failcnt",
  "container_memory_failcnt",
  "container_network_advance_tcp_stats_total",
  "container_network_tcp_usage_total",
  "container_network_tcp6_usage_total",
  "container_network_udp_usage_total",
  "container_network_udp6_usage_total",
  "machine_dimm_count",
  "machine_node_hugepages_count",
  "machine_thread_siblings_count",
]);

/** promtool's exit code if it has only rules for names and help to complain of. */
const LINT = 3;

/** Throws with promtool's complaints if a `/metrics` page in text format breaks a rule of Prometheus; cAdvisor's names may. */
export async function checkMetrics(page: string): Promise<void> {
  const run = await openRunFolder();
  try {
    const file = path.join(run.path, "page");
    await writeFile(file, page);
    // promtool reads its stdin only.
    const line = 'exec "$0" check metrics < "$1"';
    const args = ["-c", line, commandPath("promtool"), file];
    const child = await startChild({ command: "sh", args, env: run.env });
    const { code } = await child.exited;
    const complaints = child.stderr().split("\n");
    const rest = complaints.filter(
      (text) => text !== "" && !ODD_NAMES.has(text.split(" ")[0] ?? ""),
    );
    if (rest.length === 0 && (code === 0 || code === LINT)) return;
    throw new Error(`promtool ended with exit code ${code}\n${rest.join("\n")}`);
  } finally {
    await removeRun(run.name);
  }
}

/** Starts Prometheus on a free port of loopback and waits until it is ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const run = await openRunFolder();
  try {
    await writeFile(path.join(run.path, "prometheus.yml"), options.config ?? configFor(options));
    const url = `http://127.0.0.1:${await freePort()}`;
    const start = (): Promise<Child> => startServer(run, url, options);
    return prometheusOf(run, start, await start(), url);
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

function configFor({ targets = [] }: PrometheusOptions): string {
  const job = { job_name: "test", static_configs: [{ targets }] };
  // JSON is YAML.
  return JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [job] });
}

async function startServer(
  run: RunFolder,
  url: string,
  { netns, args = [] }: PrometheusOptions,
): Promise<Child> {
  const child = await startChild({
    command: commandPath("prometheus"),
    args: [
      `--config.file=${run.path}/prometheus.yml`,
      `--storage.tsdb.path=${run.path}/data`,
      `--web.listen-address=${new URL(url).host}`,
      ...args,
    ],
    env: run.env,
    netns,
  });
  const ready = async (): Promise<boolean> => {
    if (netns === undefined) return (await fetch(`${url}/-/ready`)).ok;
    return child.stderr().includes("Server is ready to receive web requests");
  };
  await until("Prometheus to be ready", ready, {
    log: () => child.tail(),
    ended: () => child.ended(),
  });
  return child;
}

function prometheusOf(
  run: RunFolder,
  start: () => Promise<Child>,
  first: Child,
  url: string,
): Prometheus {
  let child = first;
  const query = async (expression: string): Promise<Sample[]> => {
    const parameters = new URLSearchParams({ query: expression });
    const data = await ask<{ result: Sample[] }>(`${url}/api/v1/query?${String(parameters)}`);
    return data.result;
  };
  return {
    url,
    log: () => child.tail(200),
    query,
    queryUntilFound: (expression) =>
      until(
        `rows for ${expression}`,
        async () => {
          const rows = await query(expression);
          return rows.length > 0 && rows;
        },
        { everyMs: 250, log: () => child.tail() },
      ),
    async targets() {
      return (await ask<{ activeTargets: Target[] }>(`${url}/api/v1/targets`)).activeTargets;
    },
    async kill() {
      await child.stop({ signal: "SIGKILL" });
    },
    async restart() {
      child = await start();
    },
    async close() {
      try {
        await child.stop();
      } finally {
        await removeRun(run.name);
      }
    },
  };
}

async function ask<Data>(url: string): Promise<Data> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const answer: { status: string; error?: string; data: Data } = JSON.parse(await response.text());
  if (answer.status !== "success") throw new Error(`cannot ask Prometheus: ${answer.error}`);
  return answer.data;
}
