import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { burnCpu } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Influx, type InfluxSeries, startInflux } from "../testbed/influxdb.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { NO_CRI } from "./start-agent.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../dashboards/grafana/influxdb");

/** What may have no rows here, and why: what Kubernetes alone could tell. */
const MAY_BE_EMPTY = /"(?:cpu|memory)\/request"/;

const LIMIT = 64 << 20;

interface Target {
  readonly query: string;
  readonly alias: string;
}

interface CommittedInflux {
  readonly name: string;
  readonly variables: readonly { readonly name: string; readonly query: string }[];
  readonly targets: readonly Target[];
}

let folder: string;
let influx: Influx;
let engine: Engine;
let program: Program;

async function committed(): Promise<CommittedInflux[]> {
  const files = await readdir(FOLDER);
  return Promise.all(
    files.map(async (file) => {
      const json = JSON.parse(await readFile(path.join(FOLDER, file), "utf8"));
      const panels: { targets?: Target[] }[] = json.panels;
      return {
        name: path.basename(file, ".json"),
        variables: json.templating.list.filter(({ type }: { type: string }) => type === "query"),
        targets: panels.flatMap(({ targets = [] }) => targets),
      };
    }),
  );
}

/** Puts values in the place of variables and macros. */
function filled(query: string, step = "5s"): string {
  return query
    .replaceAll("$timeFilter", "time > now() - 5m AND time < now()")
    .replaceAll("$__interval", step)
    .replaceAll(/\/\^\$\w+\$\//g, "/^.*$/");
}

/** Its rows that have a number. */
async function rowsOf(query: string, step?: string): Promise<InfluxSeries[]> {
  const series = await influx.query(filled(query, step), "k8s");
  const named = series.map((one) => ({
    ...one,
    rows: one.rows.filter((row) =>
      Object.entries(row).some(([column, value]) => column !== "time" && value !== null),
    ),
  }));
  return named.filter(({ rows }) => rows.length > 0);
}

async function complaints(): Promise<string[]> {
  const found: string[] = [];
  for (const { name, targets } of await committed()) {
    for (const { query, alias } of targets) {
      const series = await rowsOf(query);
      if (series.length === 0 && !MAY_BE_EMPTY.test(query))
        found.push(`${name}: ${query}: nothing`);
      const tags = [...alias.matchAll(/\$tag_(\w+)/g)].map((match) => match[1] ?? "");
      const missing = tags.filter((tag) => series.some((one) => !one.tags[tag]));
      if (missing.length > 0) found.push(`${name}: ${query}: no ${missing.join(", ")}`);
    }
  }
  return found;
}

describeWith(["docker", "influxdb"], "the dashboards for InfluxDB", () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "plimsoll-dashboards-"));
    [influx, engine] = await Promise.all([startInflux(), startDocker({ bridge: true })]);
    const limited = { cmd: burnCpu, cpus: 0.1, memoryBytes: LIMIT, network: "bridge" };
    await engine.run({ ...limited, name: "burner" });
    await engine.run({
      ...limited,
      name: "k8s_main_api-0_shop_uid-1_0",
      labels: {
        "io.kubernetes.pod.namespace": "shop",
        "io.kubernetes.pod.name": "api-0",
        "io.kubernetes.pod.uid": "uid-1",
        "io.kubernetes.container.name": "main",
      },
    });
    program = await startProgram([
      "up",
      `--agent-listen=127.0.0.1:${await freePort()}`,
      `--aggregator-listen=127.0.0.1:${await freePort()}`,
      `--agent-docker-host=${engine.host}`,
      NO_CRI.replace("--", "--agent-"),
      "--agent-node=host.1",
      "--aggregator-scrape-interval=1s",
      `--aggregator-history-dir=${path.join(folder, "history")}`,
      `--aggregator-influx-url=${influx.url}`,
      "--aggregator-influx-resolution=5s",
    ]);
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
    await influx?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("show numbers in every panel, with the tags that legends name", async () => {
    let last: string[] = [];
    const all = async (): Promise<boolean> => {
      last = await complaints();
      return last.length === 0;
    };
    await until("every panel to show numbers", all, {
      timeoutMs: 60_000,
      everyMs: 2000,
      log: () => [...last, program.stderr()].join("\n"),
    });
  });

  test("have something to choose in each variable", async () => {
    for (const { name, variables } of await committed()) {
      for (const variable of variables) {
        const series = await influx.query(filled(variable.query), "k8s");
        expect(series, `${name}: ${variable.name}`).not.toEqual([]);
      }
    }
  });

  test("show sums that do not change with the step", async () => {
    const all = (await committed()).flatMap(({ targets }) => targets);
    const limits = all.find(
      ({ query, alias }) => query.includes('"memory/limit"') && alias === "limits",
    );
    for (const step of ["5s", "10s", "1m"]) {
      const [series] = await rowsOf(limits?.query ?? "", step);
      expect(series?.rows.at(-1)?.["sum"], step).toBe(2 * LIMIT);
    }
  });
});
