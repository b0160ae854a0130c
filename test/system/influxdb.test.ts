import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openInfluxSinks } from "../../aggregator/sinks/influxdb/influxdb.ts";
import { RowWriter } from "../../aggregator/sinks/influxdb/schema.ts";
import { influxOptions } from "../../aggregator/sinks/influxdb/settings.ts";
import { Refused, type Sink } from "../../aggregator/sinks/sink.ts";
import { systemClock } from "../../lib/clock.ts";
import { readConfig } from "../../lib/config/read.ts";
import { burnCpu } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Influx, influxUser, startInflux } from "../testbed/influxdb.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askStats } from "./ask.ts";

const STEP = 5;
const WRONG = "wrong";

let folder: string;
let passwordFile: string;
let influx: Influx;
let engine: Engine;
let program: Program;
let url: string;

/** As Docker Compose and Kubernetes label what they run, so that there are pods. */
const pod = {
  "io.kubernetes.pod.namespace": "shop",
  "io.kubernetes.pod.name": "api-0",
  "io.kubernetes.pod.uid": "uid-1",
};

interface Point {
  readonly time: number;
  readonly value: number;
  readonly max: number;
  readonly min: number;
}

/** The points of a series, oldest first. */
async function points(metric: string, where: string): Promise<Point[]> {
  const series = await influx.query(
    `SELECT value, max, min FROM "${metric}" WHERE ${where}`,
    "k8s",
  );
  return series.flatMap(({ rows }) => rows as unknown as Point[]);
}

/** Those of whole intervals. */
async function wholePoints(metric: string, where: string): Promise<Point[]> {
  return (await points(metric, where)).filter(({ time }) => time % (STEP * 1000) === 0);
}

const POD_CONTAINER = `"type" = 'pod_container' AND "namespace_name" =~ /shop$/ AND "pod_name" =~ /api-0$/`;
const POD = `"type" = 'pod' AND "namespace_name" =~ /shop$/ AND "pod_name" =~ /api-0$/`;
const BURNER = `"container_name" = 'burner'`;

const NEVER = new AbortController().signal;
const warnings: string[] = [];

/** The sink alone, without an aggregator around it. */
async function openSink(
  database: string,
  username: string,
  password: string,
  ...more: readonly string[]
): Promise<Sink> {
  const argv = [
    ...more,
    `--influx-url=${influx.url}`,
    `--influx-database=${database}`,
    `--influx-username=${username}`,
    `--influx-password=${password}`,
  ];
  const { values } = readConfig({ options: influxOptions, argv, env: {}, command: "aggregator" });
  const logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
  const [sink] = await openInfluxSinks(values, { logger, clock: systemClock, clusterName: "lab" });
  return sink!;
}

function startUp(agentPort: number, aggregatorPort: number): Promise<Program> {
  return startProgram([
    "up",
    `--agent-listen=127.0.0.1:${agentPort}`,
    `--aggregator-listen=127.0.0.1:${aggregatorPort}`,
    `--agent-docker-host=${engine.host}`,
    "--agent-cri-endpoint=none",
    "--agent-node=host-1",
    "--aggregator-scrape-interval=1s",
    `--aggregator-history-dir=${join(folder, "history")}`,
    `--aggregator-influx-url=${influx.url}`,
    `--aggregator-influx-username=${influxUser.name}`,
    `--aggregator-influx-password-file=${passwordFile}`,
    `--aggregator-influx-resolution=${STEP}s`,
    "--aggregator-influx-fields=both",
    "--aggregator-influx-retention=30d",
    "--aggregator-influx-coarser=1m:90d",
  ]);
}

describeWith(["docker", "influxdb"], "InfluxDB", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-influxdb-"));
    passwordFile = join(folder, "password");
    await writeFile(passwordFile, WRONG);
    [influx, engine] = await Promise.all([startInflux({ auth: true }), startDocker()]);
    // As somebody has left it: everything is kept, and there is something old.
    await influx.query('CREATE DATABASE "k8s" WITH SHARD DURATION 1h NAME "default"');
    const old = Date.now() - 60 * 86_400_000;
    await influx.write(`before value=1i ${old}000000\n`, "k8s");
    await engine.run({ name: "burner", cmd: burnCpu, cpus: 0.2, memoryBytes: 64 << 20 });
    await engine.run({
      name: "k8s_main_api-0_shop_uid-1_0",
      cmd: burnCpu,
      cpus: 0.1,
      labels: { ...pod, "io.kubernetes.container.name": "main" },
      network: "bridge",
    });
    const aggregatorPort = await freePort();
    url = `http://127.0.0.1:${aggregatorPort}`;
    program = await startUp(await freePort(), aggregatorPort);
    await program.ready(`${url}/-/ready`);
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
    await influx?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("with a wrong password is told of in words, without the password; with the right one takes what has waited", async () => {
    await program.printed(/401.*check influx\.username/);
    await writeFile(passwordFile, influxUser.password);
    await until("points", async () => (await wholePoints("memory/usage", BURNER)).length >= 3, {
      everyMs: 500,
      log: () => program.stderr(),
    });
    expect(program.stderr() + program.stdout()).not.toContain(WRONG);
    expect(program.stderr().match(/401/g)!.length).toBeLessThan(10);
  });

  test("has for each interval what /stats says of it", async () => {
    const [first, second] = (await wholePoints("memory/usage", BURNER)).slice(1);
    const query = "metrics=memory_usage_bytes,cpu_cores&stat=avg,max,min&name=burner&start=-5m";
    const { containers } = await askStats(`${url}/stats?${query}&step=${STEP}s`);
    const { times, values } = containers[0]!.series!;
    const [cores] = await points("cpu/usage_rate", `${BURNER} AND time = ${first!.time}ms`);
    // A point stands at the end of its interval, a step at its beginning.
    const at = times.indexOf(first!.time / 1000 - STEP);
    expect(at).toBeGreaterThan(-1);
    const memory = values["memory_usage_bytes"]!;
    const cpu = values["cpu_cores"]!;
    expect(first).toMatchObject({
      value: Math.round(memory["avg"]![at]!),
      max: memory["max"]![at],
      min: memory["min"]![at],
    });
    expect(cores!.value).toBe(Math.round(cpu["avg"]![at]! * 1000));
    expect(second!.time - first!.time).toBe(STEP * 1000);
  });

  test("lets go of what is older than the retention", async () => {
    const query = "SELECT value FROM before";
    const isGone = async (): Promise<boolean> => (await influx.query(query, "k8s")).length === 0;
    await until("the old shard to be dropped", isGone);
  });

  test("has a retention that works, and a coarser one that it fills itself", async () => {
    const [policies] = await influx.query("SHOW RETENTION POLICIES", "k8s");
    expect(policies!.rows).toMatchObject([
      { name: "default", duration: "720h0m0s", shardGroupDuration: "24h0m0s", default: true },
      { name: "plimsoll_1m", duration: "2160h0m0s", default: false },
    ]);
    const queries = await influx.query("SHOW CONTINUOUS QUERIES");
    expect(queries.find(({ name }) => name === "k8s")!.rows).toMatchObject([
      { name: "plimsoll_1m" },
    ]);
    // The server runs it once in a minute; here at once.
    const query = String(queries.find(({ name }) => name === "k8s")!.rows[0]!["query"]);
    const select = /BEGIN (SELECT .*) (GROUP BY .*) END$/.exec(query)!;
    await influx.query(`${select[1]!} WHERE time > now() - 1h ${select[2]!}`);
    const coarse = `SELECT value, max, min FROM "k8s"."plimsoll_1m"."memory/usage" WHERE ${BURNER}`;
    const [series] = await influx.query(coarse, "k8s");
    expect(series!.rows.length).toBeGreaterThan(0);
    expect(Number(series!.rows[0]!["value"])).toBeGreaterThan(0);
  });

  test("is not set up anew where nothing is different", async () => {
    for (const time of [1, 2, 3]) {
      const coarser = time === 3 ? "1m:60d,10m" : "1m:30d,10m";
      const sink = await openSink("twice", "writer", "right", `--influx-coarser=${coarser}`);
      await sink.send([Buffer.from(`m value=1i ${time}\n`)], NEVER);
      await sink.close();
    }
    const [policies] = await influx.query("SHOW RETENTION POLICIES", "twice");
    expect(policies!.rows.map(({ name, duration }) => [name, duration])).toEqual([
      ["default", "0s"],
      ["plimsoll_1m", "1440h0m0s"],
      ["plimsoll_10m", "0s"],
    ]);
    const queries = influx.log().match(/(?:CREATE|DROP|ALTER)\b[^"]*\btwice\b/g)!;
    expect(queries.map((query) => query.split(" ").slice(0, 2).join(" "))).toEqual([
      "CREATE DATABASE",
      "CREATE RETENTION",
      "CREATE RETENTION",
      "CREATE CONTINUOUS",
      "CREATE CONTINUOUS",
      "ALTER RETENTION",
    ]);
  });

  test.each([
    ["cpu/usage_rate", `"type" = 'node'`, `, "nodename"`],
    ["cpu/limit", `"type" = 'node'`, `, "nodename"`],
    ["memory/usage", `"type" = 'node' AND "nodename" =~ /host-1$/`, ""],
    ["memory/working_set", `"type" = 'node'`, ""],
    ["network/tx_rate", `"type" = 'node'`, `, "nodename"`],
    ["network/rx_rate", `"type" = 'node'`, ""],
    ["filesystem/usage", `"type" = 'node'`, `, "nodename"`],
    ["cpu/usage_rate", POD_CONTAINER, `, "container_name"`],
    ["cpu/limit", POD_CONTAINER, `, "container_name"`],
    ["memory/usage", POD_CONTAINER, `, "container_name"`],
    ["memory/limit", POD_CONTAINER, `, "container_name"`],
    ["memory/working_set", POD_CONTAINER, `, "container_name"`],
    ["network/tx_rate", POD, ""],
    ["network/rx_rate", POD, ""],
    ["filesystem/usage", POD, ""],
  ])("answers Heapster's dashboards: %s where %s", async (metric, where, groups) => {
    const filter = `WHERE ${where} AND time > now() - 30m GROUP BY time(1m)${groups} fill(null)`;
    const [measurement, field] = metric.split("/");
    const queries = [
      `SELECT sum("value") FROM "${metric}" ${filter}`,
      `SELECT mean("value") FROM "${metric}" ${filter}`,
      `SELECT sum("${field}") FROM "${measurement}" ${filter}`,
    ];
    for (const query of queries) {
      const rows = (await influx.query(query, "k8s")).flatMap((series) => series.rows);
      const values = rows.map((row) => row["sum"] ?? row["mean"]);
      expect(
        values.some((value) => typeof value === "number"),
        query,
      ).toBe(true);
    }
  });

  test.each([
    ["nodename", "", "host-1"],
    ["namespace_name", "", "shop"],
    ["pod_name", `WHERE "namespace_name" =~ /shop$/`, "api-0"],
  ])("answers Heapster's variable %s", async (key, where, value) => {
    const query = `SHOW TAG VALUES FROM "uptime" WITH KEY = "${key}" ${where}`;
    const [series] = await influx.query(query, "k8s");
    expect(series!.rows).toEqual([{ key, value }]);
  });

  test("has what happens, in both of the eventer's schemas", async () => {
    const fleeting = await engine.run({ name: "fleeting", cmd: ["sleep", "600"] });
    await fleeting.kill();
    const died = `SELECT message, object_name, uid FROM events WHERE "reason" = 'died'`;
    const found = await until("the event", async () => {
      const rows = (await influx.query(died, "k8s")).flatMap((series) => series.rows);
      return rows.find((row) => row["object_name"] === "fleeting");
    });
    expect(found["message"]).toMatch(/^fleeting died .*exit_code=137/);
    const [all] = await influx.query(`SELECT value, uid FROM "log/events"`, "k8s");
    const same = all!.rows.filter((row) => row["uid"] === found["uid"]);
    expect(same.map((row) => JSON.parse(String(row["value"])) as unknown)).toMatchObject([
      { reason: "died", involvedObject: { name: "fleeting" } },
    ]);
  });

  test("killed and back again, has every interval once", async () => {
    await influx.kill();
    await program.printed(/cannot .*influx|ECONNREFUSED/i);
    const [, before] = [await ask(`${url}/metrics`), Date.now()];
    await until("two more intervals", () => Date.now() > before + 2 * STEP * 1000, {
      everyMs: 500,
    });
    await influx.start();
    const back = Date.now();
    const found = await until(
      "points of afterwards",
      async () => {
        const all = await wholePoints("memory/usage", BURNER);
        return all.at(-1)!.time > back + STEP * 1000 && all;
      },
      { everyMs: 500, timeoutMs: 60_000, log: () => program.stderr() },
    );
    const times = found.map(({ time }) => time / 1000);
    const wanted = times.map((_, index) => times[0]! + index * STEP);
    expect(times).toEqual(wanted);
  });

  test("gets its database again when somebody has dropped it", async () => {
    await influx.query('DROP DATABASE "k8s"');
    await until("points", async () => (await wholePoints("memory/usage", BURNER)).length > 0, {
      everyMs: 500,
      log: () => program.stderr(),
    });
    const [policies] = await influx.query("SHOW RETENTION POLICIES", "k8s");
    expect(policies!.rows).toMatchObject([{ name: "default", duration: "720h0m0s" }, {}]);
  });

  test("refuses only the points that conflict, and says why", async () => {
    await influx.query('CREATE DATABASE "conflict" WITH NAME "default"');
    await influx.write("m,of=before value=1.5 1000\n", "conflict");
    const sink = await openSink("conflict", "writer", "right");
    const sent = sink.send([Buffer.from("m,of=us value=1i 2000\nn value=1i 2000\n")], NEVER);
    await expect(sent).rejects.toThrow(Refused);
    await expect(sent).rejects.toThrow(/partial write: field type conflict/);
    expect(await influx.query("SELECT value FROM n", "conflict")).toHaveLength(1);
    await sink.close();
  });

  test("without the right to set up is written to as it is, which is told once", async () => {
    await influx.query('CREATE DATABASE "ready" WITH NAME "default"');
    await influx.query(`CREATE USER guest WITH PASSWORD 'guest'`);
    await influx.query(`GRANT WRITE ON "ready" TO guest`);
    const sink = await openSink("ready", "guest", "guest");
    for (const time of [1, 2]) await sink.send([Buffer.from(`m value=1i ${time}\n`)], NEVER);
    await sink.close();
    const [series] = await influx.query("SELECT value FROM m", "ready");
    expect(series!.rows).toHaveLength(2);
    expect(warnings).toEqual([expect.stringMatching(/cannot set up InfluxDB's database/)]);
  });

  test("writes the last seconds when it ends", async () => {
    const before = Date.now();
    await until("a second", () => Date.now() > before + 2000);
    await program.close();
    const last = (await points("memory/usage", BURNER)).at(-1)!;
    expect(last.time).toBeGreaterThan(before);
    expect(last.time % (STEP * 1000)).not.toBe(0);
  });

  test("understands every name as we write it", async () => {
    await influx.query('CREATE DATABASE "odd"');
    const pieces = [...Array.from("ab,= \"\\'é日🐳"), "\\,", "\\ ", "\\\\", "x=y", "\n", "\r\n"];
    const odd = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 6 });
    const names = fc.sample(odd, { numRuns: 200, seed: 7 }).map((all) => all.join(""));
    const writer = new RowWriter("value");
    const lines = names.flatMap((name, index) => {
      const tags = { container_name: `x${name}`, type: `${index}` };
      const values = [{ name: "memory/usage", isInteger: true, average: index }];
      return writer.lines({ tags, time: 1_790_000_000_000, values });
    });
    expect(await influx.write(lines.join(""), "odd")).toEqual({ status: 204, body: "" });
    const series = await influx.query('SELECT value FROM "memory/usage" GROUP BY *', "odd");
    const found = new Map(
      series.map(({ tags, rows }) => [rows[0]!["value"], tags["container_name"]]),
    );
    expect(found.size).toBe(names.length);
    for (const [index, name] of names.entries()) {
      const wanted = `x${name}`.replaceAll(/[\r\n]+/g, " ").replace(/\\+$/, "");
      expect(found.get(index)).toBe(wanted);
    }
  });
});
