import { writeFile } from "node:fs/promises";
import path from "node:path";

import { type Child, startChild } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { freePort } from "./port.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** One series of an answer: its tags, and its rows by the names of the columns. */
export interface InfluxSeries {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** The only user, where there is one. */
export const influxUser = { name: "writer", password: "right" } as const;

/** An InfluxDB 1.x of a test's own. */
export interface Influx {
  readonly url: string;
  log(): string;
  /** The series that a statement answers with, times in Unix milliseconds; throws what it says to a bad one. */
  query(statement: string, database?: string): Promise<InfluxSeries[]>;
  /** Writes lines. */
  write(lines: string, database: string): Promise<{ status: number; body: string }>;
  /** SIGKILL; `start` brings it back with what it had. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** How it is started. */
export interface InfluxOptions {
  /** Asks for `influxUser`, who may do everything. */
  readonly auth?: boolean;
}

/** Starts InfluxDB on a free port of loopback and waits until it answers. */
export async function startInflux({ auth = false }: InfluxOptions = {}): Promise<Influx> {
  const run = await openRunFolder();
  try {
    const url = `http://127.0.0.1:${await freePort()}`;
    await writeFile(path.join(run.path, "influxdb.conf"), await configFor(run, url, auth));
    const influx = influxOf(run, await startServer(run, url), url, auth);
    if (auth) {
      const { name, password } = influxUser;
      await influx.query(`CREATE USER ${name} WITH PASSWORD '${password}' WITH ALL PRIVILEGES`);
    }
    return influx;
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

async function configFor(run: RunFolder, url: string, auth: boolean): Promise<string> {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${await freePort()}"
[meta]
dir = "${run.path}/meta"
[data]
dir = "${run.path}/data"
wal-dir = "${run.path}/wal"
[http]
bind-address = "${new URL(url).host}"
auth-enabled = ${auth}
[retention]
check-interval = "1s"
[continuous_queries]
run-interval = "1s"
`;
}

async function startServer(run: RunFolder, url: string): Promise<Child> {
  const child = await startChild({
    command: commandPath("influxd"),
    args: ["-config", path.join(run.path, "influxdb.conf")],
    env: run.env,
  });
  const ready = async (): Promise<boolean> => (await fetch(`${url}/ping`)).ok;
  const waiting = { log: () => child.tail(), ended: () => child.ended() };
  await until("InfluxDB to answer", ready, waiting);
  return child;
}

function influxOf(run: RunFolder, started: Child, url: string, auth: boolean): Influx {
  let child = started;
  const headers: Record<string, string> = {};
  const ask = async (statement: string, database = ""): Promise<InfluxSeries[]> => {
    const body = new URLSearchParams({ q: statement, db: database, epoch: "ms" });
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`${url}/query`, { method: "POST", body, headers, signal });
    const series = seriesIn(await response.text());
    if (auth) {
      const { name, password } = influxUser;
      headers["authorization"] = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
    }
    return series;
  };
  return {
    url,
    log: () => child.tail(200),
    query: ask,
    async write(lines, database) {
      const address = `${url}/write?db=${encodeURIComponent(database)}`;
      const signal = AbortSignal.timeout(10_000);
      const response = await fetch(address, { method: "POST", body: lines, headers, signal });
      return { status: response.status, body: await response.text() };
    },
    async kill() {
      await child.stop({ signal: "SIGKILL" });
    },
    async start() {
      child = await startServer(run, url);
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

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly name: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values?: readonly (readonly unknown[])[];
    }[];
  }[];
}

function seriesIn(text: string): InfluxSeries[] {
  const answer = JSON.parse(text) as Answer;
  const error = answer.error ?? answer.results?.find((result) => result.error)?.error;
  if (error !== undefined) throw new Error(`cannot ask InfluxDB: ${error}`);
  return (answer.results ?? []).flatMap(({ series = [] }) =>
    series.map(({ name, tags = {}, columns, values = [] }) => ({
      name,
      tags,
      rows: values.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))),
    })),
  );
}
