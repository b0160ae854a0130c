import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";

import { InfluxDB } from "influx";

import { messageOf } from "../../../lib/errors.ts";
import {
  type Coarser,
  coarserName,
  coarserQuery,
  durationText,
  quoted,
  shardDuration,
} from "./coarser.ts";
import type { Server } from "./server.ts";

const TIMEOUT_MS = 30_000;

/** What the database has to be like. */
export interface Wanted {
  readonly server: Server;
  /** Seconds; undefined: what is there stays as it is. */
  readonly retention: number | undefined;
  readonly coarser: readonly Coarser[];
}

/** A retention policy as it stands in the server. Seconds. */
interface Policy {
  readonly name: string;
  readonly retention: number | undefined;
  readonly shard: number;
}

/**
 * Makes the database, its retention policies and continuous queries, where they are missing or
 * otherwise. Throws an Error that says what the server said.
 *
 * The client of npm asks; it does not write points: it takes text and no bytes, packs nothing, keeps
 * the server's reason of a 5xx from us, and leaves a server alone for seconds that may be back.
 */
export async function setUpDatabase(wanted: Wanted, signal: AbortSignal): Promise<void> {
  const { server, retention, coarser } = wanted;
  const { database, policy } = server;
  const client = await clientOf(server);
  const ask = (query: string): Promise<void> => run(client, query, signal);
  const policies = await policiesOf(client, database);
  if (policies === undefined) {
    const clauses = policyClauses(retention);
    await ask(`CREATE DATABASE ${quoted(database)} WITH ${clauses} NAME ${quoted(policy)}`);
  } else {
    const found = policies.find(({ name }) => name === policy);
    await settle(
      { name: policy, retention, isDefault: true, mayStay: retention === undefined },
      found,
    );
  }
  for (const one of coarser) {
    const name = coarserName(one);
    const found = policies?.find((other) => other.name === name);
    await settle({ name, retention: one.retention, isDefault: false, mayStay: false }, found);
  }
  await settleQueries(client, wanted, ask);

  async function settle(one: WantedPolicy, found: Policy | undefined): Promise<void> {
    const query = policyQuery(database, one, found);
    if (query !== undefined) await ask(query);
  }
}

interface WantedPolicy {
  readonly name: string;
  readonly retention: number | undefined;
  readonly isDefault: boolean;
  /** Whatever it is like. */
  readonly mayStay: boolean;
}

/** What makes a policy as it is to be; undefined if it is already. */
function policyQuery(
  database: string,
  { name, retention, isDefault, mayStay }: WantedPolicy,
  found: Policy | undefined,
): string | undefined {
  const rest = isDefault ? " DEFAULT" : "";
  const on = `RETENTION POLICY ${quoted(name)} ON ${quoted(database)}`;
  if (found === undefined) return `CREATE ${on} ${policyClauses(retention)}${rest}`;
  const isSame = found.retention === retention && found.shard === shardDuration(retention);
  if (mayStay || isSame) return undefined;
  // One without the other would be refused where the shards are longer than the retention.
  return `ALTER ${on} ${policyClauses(retention)}${rest}`;
}

function policyClauses(retention: number | undefined): string {
  const shard = durationText(shardDuration(retention));
  return `DURATION ${durationText(retention)} REPLICATION 1 SHARD DURATION ${shard}`;
}

async function settleQueries(
  client: InfluxDB,
  { server: { database, policy }, coarser }: Wanted,
  ask: (query: string) => Promise<void>,
): Promise<void> {
  if (coarser.length === 0) return;
  const answer: unknown = await client.queryRaw("SHOW CONTINUOUS QUERIES", { method: "POST" });
  const found = new Map(
    rowsOf(answer, database).map(([name, query]) => [String(name), String(query)]),
  );
  for (const one of coarser) {
    const name = coarserName(one);
    const query = coarserQuery(one, database, policy);
    const before = found.get(name);
    if (before !== undefined && bare(before) === bare(query)) continue;
    if (before !== undefined) {
      await ask(`DROP CONTINUOUS QUERY ${quoted(name)} ON ${quoted(database)}`);
    }
    await ask(query);
  }
}

/** The server writes its queries without the quotes that they can do without, and durations its own way. */
function bare(query: string): string {
  return query
    .replaceAll('"', "")
    .replaceAll(/\b\d+(?:ns|us|ms|[smhdw])(?:\d+[smhdw])*/gu, (word) => String(goSeconds(word)));
}

async function clientOf({ url, database, username, password, peer }: Server): Promise<InfluxDB> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const isSecure = protocol === "https:";
  return new InfluxDB({
    host: hostname,
    port: Number(port) || (isSecure ? 443 : 80),
    path: pathname === "/" ? "" : pathname,
    protocol: isSecure ? "https" : "http",
    database,
    username: username ?? "",
    password: password === undefined ? "" : await secretText(password),
    ...(isSecure ? { options: await tlsOptions(peer.tls) } : {}),
    pool: { maxRetries: 0, requestTimeout: TIMEOUT_MS },
  });
}

async function tlsOptions(tls: Server["peer"]["tls"]): Promise<RequestOptions> {
  const { caFile, insecureSkipVerify = false } = tls ?? {};
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile, "utf8") };
  return { ...ca, rejectUnauthorized: !insecureSkipVerify };
}

async function secretText(secret: NonNullable<Server["password"]>): Promise<string> {
  return "value" in secret ? secret.value : (await readFile(secret.file, "utf8")).trim();
}

async function run(client: InfluxDB, query: string, signal: AbortSignal): Promise<void> {
  try {
    await client.query(query, { method: "POST", signal });
  } catch (error) {
    throw new Error(`cannot ask InfluxDB to ${query}`, { cause: error });
  }
}

/** Undefined if there is no such database. */
async function policiesOf(client: InfluxDB, database: string): Promise<Policy[] | undefined> {
  try {
    const rows = await client.showRetentionPolicies(database);
    return rows.map(({ name, duration, shardGroupDuration }) => ({
      name,
      // Nought stands for ever.
      retention: goSeconds(duration) || undefined,
      shard: goSeconds(shardGroupDuration),
    }));
  } catch (error) {
    if (messageOf(error).includes("database not found")) return undefined;
    throw new Error("cannot ask InfluxDB for its retention policies", { cause: error });
  }
}

const SECONDS: Readonly<Record<string, number>> = {
  w: 604_800,
  d: 86_400,
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
};

/** Seconds of a duration as Go and InfluxQL write it: `168h0m0s`. */
function goSeconds(text: string): number {
  const parts = text.matchAll(/(\d+)(ns|us|ms|[wdhms])/gu);
  return [...parts].reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * (SECONDS[unit ?? ""] ?? 0),
    0,
  );
}

/** The rows of the series of this name in the raw answer to one statement. */
function rowsOf(answer: unknown, name: string): unknown[][] {
  // The shape that the server documents for any query.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { results = [] } = (answer ?? {}) as {
    results?: { series?: { name: string; values?: unknown[][] }[] }[];
  };
  const series = results[0]?.series?.find((one) => one.name === name);
  return series?.values ?? [];
}
