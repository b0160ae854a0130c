import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { parseCoarser } from "../../../../aggregator/sinks/influxdb/coarser.ts";
import { openInfluxSinks } from "../../../../aggregator/sinks/influxdb/influxdb.ts";
import {
  influxOptions,
  type InfluxSettings,
} from "../../../../aggregator/sinks/influxdb/settings.ts";
import { Refused, RetryLater, type Sink } from "../../../../aggregator/sinks/sink.ts";
import { systemClock } from "../../../../lib/clock.ts";
import { readConfig } from "../../../../lib/config/read.ts";
import { ConfigError, messageOf } from "../../../../lib/errors.ts";
import { containerOf, everySecond } from "../../fakes/samples.ts";
import { type FakeInflux, startFakeInflux } from "./fake-influxdb.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const LINE = Buffer.from("m value=1i 1\n");
const web = containerOf("/docker/web", { name: "web", runtime: "docker" });

let folder: string;
let fake: FakeInflux;
let logged: string[];
let sinks: Sink[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plimsoll-influx-"));
  fake = await startFakeInflux("1.8.10");
  logged = [];
  sinks = [];
});
afterEach(async () => {
  for (const sink of sinks) await sink.close();
  await fake.close();
  await rm(folder, { recursive: true });
});

function settingsOf(...argv: readonly string[]): InfluxSettings {
  return readConfig({ options: influxOptions, argv, env: {}, command: "aggregator" }).values;
}

async function open(...argv: readonly string[]): Promise<Sink> {
  const logger = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
  const surroundings = { logger, clock: systemClock, clusterName: "lab", folder };
  const settings = settingsOf(`--influx-url=${fake.url}`, ...argv);
  sinks.push(...(await openInfluxSinks(settings, surroundings)));
  return sinks[0]!;
}

function send(sink: Sink): Promise<void> {
  return sink.send([LINE, LINE], AbortSignal.timeout(10_000));
}

async function failureOf(sink: Sink): Promise<unknown> {
  return send(sink).then(
    () => undefined,
    (error: unknown) => error,
  );
}

test("without a URL there is none", async () => {
  const surroundings = { logger: pino(), clock: systemClock, clusterName: "lab" };
  expect(await openInfluxSinks(settingsOf(), surroundings)).toEqual([]);
});

describe("what is sent", () => {
  test("goes to the database and policy that were asked for, joined", async () => {
    const sink = await open("--influx-database=my db", "--influx-policy=short");
    await send(sink);
    const [write] = fake.asked.filter(({ path }) => path === "/write");
    expect(write).toMatchObject({ method: "POST", query: { db: "my db", rp: "short" } });
    expect(write!.body).toBe(`${String(LINE)}${String(LINE)}`);
  });

  test("goes to a later InfluxDB without policies and without setting it up", async () => {
    fake.answers.version = "v2.7.5";
    await writeFile(join(folder, "token"), "abc==\n");
    await send(await open("--influx-token-file=token"));
    expect(fake.asked.map(({ path }) => path)).toEqual(["/ping", "/write"]);
    expect(fake.asked[1]).toMatchObject({ query: { db: "k8s" }, authorization: "Token abc==" });
    expect(fake.asked[1]!.query).not.toHaveProperty("rp");
  });

  test("names the user with the password of now", async () => {
    await writeFile(join(folder, "password"), "one\n");
    const sink = await open("--influx-username=me", "--influx-password-file=password");
    await send(sink);
    const wanted = `Basic ${Buffer.from("me:one").toString("base64")}`;
    expect(new Set(fake.asked.map(({ authorization }) => authorization))).toEqual(
      new Set([wanted]),
    );
  });
});

describe("what the server answers", () => {
  test.each([
    [400, '{"error":"partial write: field type conflict: dropped=1"}', /partial write/],
    [400, '{"code":"invalid","message":"unable to parse"}', /unable to parse/],
    [413, "too large", /413: too large/],
  ])("%i is never sent again: %s", async (status, body, reason) => {
    const sink = await open();
    fake.answers.write = { status, body };
    const failure = await failureOf(sink);
    expect(failure).toBeInstanceOf(Refused);
    expect(messageOf(failure)).toMatch(reason);
  });

  test.each([
    [429, "7", 7000],
    [503, undefined, 5000],
    [503, "100000", 60_000],
  ])("%i wants to be left alone (%s)", async (status, retryAfter, afterMs) => {
    const sink = await open();
    fake.answers.write = { status, body: "", ...(retryAfter === undefined ? {} : { retryAfter }) };
    expect(await failureOf(sink)).toMatchObject({ afterMs, constructor: RetryLater });
  });

  test.each([
    [500, '{"error":"timeout"}', /500: timeout/],
    [502, "<html>bad gateway</html>", /502/],
    [401, '{"error":"authorization failed"}', /401: authorization failed; check influx\.username/],
    [403, '{"error":"not authorized"}', /403.*its rights/],
    [302, "", /302/],
  ])("%i is tried again: %s", async (status, body, reason) => {
    const sink = await open();
    fake.answers.write = { status, body };
    const failure = await failureOf(sink);
    expect(failure).not.toBeInstanceOf(Refused);
    expect(failure).not.toBeInstanceOf(RetryLater);
    expect(messageOf(failure)).toMatch(reason);
  });

  test.each([
    [404, '{"error":"database not found: \\"k8s\\""}'],
    [500, '{"error":"retention policy not found: default"}'],
  ])("%i %s makes it be set up again", async (status, body) => {
    const sink = await open();
    await send(sink);
    const before = fake.asked.filter(({ path }) => path === "/query").length;
    fake.answers.write = { status, body };
    expect(messageOf(await failureOf(sink))).toMatch(/not found/);
    expect(fake.asked.filter(({ path }) => path === "/query").length).toBeGreaterThan(before);
  });

  test("nobody there is tried again, and the address is named", async () => {
    const sink = await open();
    await fake.close();
    expect(messageOf(await failureOf(sink))).toMatch(/cannot GET http:.*ECONNREFUSED/);
  });
});

test("what is open is held until the end, and then a part of it goes the way of all else", async () => {
  const sink = await open();
  const batch = everySecond("host-1", web, T0, [{ memory_usage_bytes: 5 }]);
  expect(sink.encode({ kind: "samples", batch })).toEqual([]);
  expect(sink.heldSince!("host-1")).toBe(T0);
  const [parcel] = sink.flush!();
  expect(sink.heldSince!("host-1")).toBeUndefined();
  expect(Buffer.from(parcel!.body).toString()).toMatch(
    /^memory\/usage,.*container_name=web.* value=5i,max=5i,min=5i \d+$/m,
  );
  await sink.close();
  expect(fake.asked).toEqual([]);
});

describe("settings", () => {
  test.each([
    ["--influx-url=influx:8086", /influx\.url/],
    ["--influx-url=http://me:secret@influx:8086", /influx\.url/],
    ["--influx-resolution=1s", /influx\.resolution/],
    ["--influx-fields=all", /influx\.fields/],
    ["--influx-retention=10m", /influx\.retention/],
    ["--influx-coarser=10s:30d", /influx\.coarser.*STEP:RETENTION/],
    ["--influx-coarser=1m:1m", /influx\.coarser/],
    ["--influx-database=", /influx\.database/],
  ])("%s is refused", (argument, reason) => {
    expect(() => settingsOf(argument)).toThrow(reason);
    expect(() => settingsOf(argument)).not.toThrow(/secret/);
  });

  test.each([
    [["--influx-password=secret"], /influx\.username/],
    [["--influx-username=me", "--influx-token-file=t"], /influx\.token\.file/],
    [
      ["--influx-username=me", "--influx-password=secret", "--influx-password-file=f"],
      /password\.file/,
    ],
    [["--influx-coarser=1m", "--influx-fields=fields"], /influx\.coarser/],
  ])("%j don't go together", async (argv, reason) => {
    const opened = open(...argv);
    await expect(opened).rejects.toThrow(ConfigError);
    await expect(opened).rejects.toThrow(reason);
    await expect(opened).rejects.not.toThrow(/secret/);
  });

  test("a coarser step is kept for ever where nothing is said", () => {
    expect(parseCoarser("10m")).toEqual({ step: 600, retention: undefined });
    expect(parseCoarser("1m:30d")).toEqual({ step: 60, retention: 30 * 86_400 });
  });
});
