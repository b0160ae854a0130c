import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Scraped } from "../../../../aggregator/scrape/series/scraped.ts";
import { keyOf } from "../../../../aggregator/scrape/series/scraped.ts";
import { openRemoteWrites } from "../../../../aggregator/sinks/remote-write/open.ts";
import { RemoteWrite } from "../../../../aggregator/sinks/remote-write/remote-write.ts";
import { parseStore } from "../../../../aggregator/sinks/remote-write/store.ts";
import { Refused, RetryLater } from "../../../../aggregator/sinks/sink.ts";
import { Fields } from "../../../../lib/config/fields.ts";
import type { Labels } from "../../../../wire/labels.ts";
import { containerOf, everySecond } from "../../fakes/samples.ts";
import { jobOf, targetOf } from "../../fakes/targets.ts";
import { type Decoded, decodeV1, decodeV2, unpack } from "./decode.ts";

const T0 = 1_790_000_000_000;
const V2 = "io.prometheus.write.v2.Request";

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Reply = (response: ServerResponse, asked: Asked) => void;

const silent = pino({ level: "silent" });
const asked: Asked[] = [];
const opened: RemoteWrite[] = [];
let server: Server;
let url: string;
let reply: Reply;

/**
 * A fake store: it takes whatever comes, and answers what a test says. How real ones answer is in
 * the specification's section on responses, and in test/system/remote-write.test.ts.
 */
beforeEach(async () => {
  asked.length = 0;
  reply = (response) => void response.writeHead(204).end();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = { headers: request.headers, body: unpack(Buffer.concat(chunks)) };
      asked.push(one);
      reply(response, one);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`;
});

afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function open(more: object = {}): RemoteWrite {
  const store = parseStore(new Fields({ url, name: "store", ...more }, ""));
  const clock = { now: () => T0, monotonic: () => 0 };
  const sink = new RemoteWrite({ store, step: 15_000, external: {}, clock, logger: silent });
  opened.push(sink);
  return sink;
}

function scraped(series: readonly Labels[], more: Partial<Scraped> = {}): Scraped {
  const job = jobOf({ externalLabels: { region: "eu", job: "not this" } });
  const samples = series.map((labels) => ({ labels, value: 1, time: T0, isTimed: false }));
  return {
    target: targetOf("http://a:9100/metrics", job),
    time: T0,
    series: new Map(samples.map((sample) => [keyOf(sample.labels), sample])),
    stale: [],
    ...more,
  };
}

const UP = { __name__: "up", job: "test", instance: "a:9100" };

function bodiesOf(sink: RemoteWrite, of: Scraped): Uint8Array[] {
  return sink.encode({ kind: "series", scraped: of }).map(({ body }) => body);
}

function send(sink: RemoteWrite, of: Scraped = scraped([UP])): Promise<void> {
  return sink.send(bodiesOf(sink, of), new AbortController().signal);
}

function labelsOf(decoded: readonly Decoded[]): Labels[] {
  return decoded.map(({ labels }) => Object.fromEntries(labels));
}

describe("what is sent of a scrape", () => {
  test("has external labels where it has none of that name", async () => {
    await send(open());
    expect(labelsOf(decodeV1(asked[0]!.body))).toEqual([{ ...UP, region: "eu" }]);
  });

  test("has gone through the rules of relabelling, external labels and all", async () => {
    const rules = [
      { action: "drop", source_labels: ["__name__"], regex: "go_.*" },
      { source_labels: ["region"], target_label: "zone" },
      { action: "labeldrop", regex: "region" },
    ];
    await send(open({ write_relabel_configs: rules }), scraped([UP, { __name__: "go_threads" }]));
    expect(labelsOf(decodeV1(asked[0]!.body))).toEqual([{ ...UP, zone: "eu" }]);
  });

  test("ends series with stale markers at the time of the scrape", async () => {
    await send(open(), scraped([], { stale: [UP], time: T0 + 0.4 }));
    const [ended] = decodeV1(asked[0]!.body);
    expect(ended?.samples).toMatchObject([{ time: T0, bits: "7ff0000000000002" }]);
  });

  test("holds no times that no store would take", () => {
    const late = scraped([UP]);
    const series = new Map([...late.series].map(([key, one]) => [key, { ...one, time: T0 + 7e5 }]));
    expect(open().encode({ kind: "series", scraped: { ...late, series } })).toEqual([]);
  });

  test("tells what a page gives times to only when it is newer", () => {
    const sink = open();
    const one = scraped([UP, { __name__: "plain" }]);
    const timesOf = (time: number): string[] => {
      const series = new Map(
        [...one.series].map(([key, sample]) =>
          sample.labels === UP ? [key, sample] : [key, { ...sample, time, isTimed: true }],
        ),
      );
      return sink
        .encode({ kind: "series", scraped: { ...one, series } })
        .flatMap(({ body }) => decodeV1(body))
        .map(
          ({ labels, samples }) =>
            `${Object.fromEntries(labels)["__name__"]} ${samples[0]!.time - T0}`,
        );
    };
    expect(timesOf(T0 - 10)).toEqual(["up 0", "plain -10"]);
    expect(timesOf(T0 - 10)).toEqual(["up 0"]);
    expect(timesOf(T0 - 20)).toEqual(["up 0"]);
    expect(timesOf(T0 - 15)).toEqual(["up 0"]);
    expect(timesOf(T0 + 700_000)).toEqual(["up 0"]);
    expect(timesOf(T0 - 5)).toEqual(["up 0", "plain -5"]);
  });

  test("comes in parcels of so many samples, each a message of its own", () => {
    const many = Array.from({ length: 25 }, (_, n) => ({ __name__: `m${n}` }));
    const sink = open({ queue_config: { max_samples_per_send: 10 } });
    const parcels = sink.encode({ kind: "series", scraped: scraped(many) });
    expect(parcels.map(({ points }) => points)).toEqual([10, 10, 5]);
    expect(parcels.flatMap(({ body }) => decodeV1(body))).toHaveLength(25);
  });

  test("is nothing of events", () => {
    const sink = open();
    expect(sink.takes).toEqual(["samples", "series"]);
    expect(sink.encode({ kind: "events", events: [] })).toEqual([]);
  });
});

describe("a request", () => {
  test("has the headers of 1.0", async () => {
    await send(open({ headers: { "X-Scope-OrgID": "team-a" } }));
    expect(asked[0]!.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
      "user-agent": expect.stringMatching(/^plimsoll\/\d/),
      "x-scope-orgid": "team-a",
    });
  });

  test("is one of all parcels, in their order", async () => {
    const sink = open();
    const bodies = ["a", "b"].flatMap((name) => bodiesOf(sink, scraped([{ __name__: name }])));
    await sink.send(bodies, new AbortController().signal);
    expect(labelsOf(decodeV1(asked[0]!.body)).map(({ __name__ }) => __name__)).toEqual(["a", "b"]);
  });

  test("carries credentials", async () => {
    await send(open({ basic_auth: { username: "u", password: "p" } }));
    expect(asked[0]!.headers.authorization).toBe("Basic dTpw");
  });

  test("reads secrets beside the configuration, and names the cluster on series of containers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "plimsoll-secret-"));
    await writeFile(join(folder, "secret"), "p\n");
    const auth = { username: "u", password_file: "secret" };
    const settings = {
      global: { external_labels: { region: "eu" } },
      remote_write: [{ url, name: "store", basic_auth: auth }],
      "remote.write.url": undefined,
      "remote.write.resolution": 1,
    };
    const clock = { now: () => T0, monotonic: () => 0 };
    const around = { clusterName: "lab", clock, logger: silent, folder };
    const [sink] = await openRemoteWrites(settings, around);
    const rows = [{ cpu_cores: 1 }, { cpu_cores: 2 }];
    const batch = everySecond("n1", containerOf("/a"), T0, rows);
    const parcels = sink!.encode({ kind: "samples", batch });
    await sink!.send(
      parcels.map(({ body }) => body),
      new AbortController().signal,
    );
    await sink!.close();
    await rm(folder, { recursive: true });
    expect(sink!.name).toBe("remote_write-store");
    expect(asked[0]!.headers.authorization).toBe("Basic dTpw");
    expect(labelsOf(decodeV1(asked[0]!.body))).toEqual([
      {
        __name__: "plimsoll_container_cpu_cores",
        cluster: "lab",
        id: "/a",
        node: "n1",
        region: "eu",
      },
    ]);
  });

  test("leaves out what is too old by now, and is none if nothing is left", async () => {
    const sink = open({ queue_config: { sample_age_limit: "1m" } });
    await send(sink, scraped([], { stale: [UP], time: T0 - 61_000 }));
    expect(asked).toEqual([]);
    await send(sink);
    expect(asked).toHaveLength(1);
  });
});

describe("2.0", () => {
  const counted = { "x-prometheus-remote-write-samples-written": "1" };

  test("is spoken where the store counts what it has written", async () => {
    reply = (response) => void response.writeHead(204, counted).end();
    const sink = open({ protobuf_message: V2 });
    await send(sink);
    await send(sink);
    expect(asked.map(({ headers }) => headers["content-type"])).toEqual([
      `application/x-protobuf;proto=${V2}`,
      `application/x-protobuf;proto=${V2}`,
    ]);
    expect(asked[0]!.headers["x-prometheus-remote-write-version"]).toBe("2.0.0");
    expect(labelsOf(decodeV2(asked[0]!.body))).toEqual([{ ...UP, region: "eu" }]);
  });

  test.each([415, 400, 204])("gives way to 1.0 where the store says %i to it", async (status) => {
    reply = (response, { headers }) =>
      void response
        .writeHead(headers["content-type"]?.includes("v2") === true ? status : 204)
        .end();
    const sink = open({ protobuf_message: V2 });
    await send(sink);
    await send(sink);
    const types = asked.map(({ headers }) => headers["content-type"]);
    const v1 = "application/x-protobuf";
    expect(types).toEqual([`${v1};proto=${V2}`, v1, v1]);
    expect(labelsOf(decodeV1(asked[1]!.body))).toEqual([{ ...UP, region: "eu" }]);
  });

  test("stays where the store refuses samples, or is out of order", async () => {
    const sink = open({ protobuf_message: V2 });
    reply = (response) => void response.writeHead(400, counted).end("out of order sample");
    await expect(send(sink)).rejects.toThrow(Refused);
    reply = (response) => void response.writeHead(503).end();
    await expect(send(sink)).rejects.toThrow("status 503");
    expect(asked.every(({ headers }) => headers["content-type"]?.includes("v2"))).toBe(true);
  });
});

describe("an answer", () => {
  async function failure(more: object = {}): Promise<Error> {
    return send(open(more)).then(
      () => new Error("it went well"),
      (error: Error) => error,
    );
  }

  test.each([200, 204, 299])("of %i means that the store has it", async (status) => {
    reply = (response) => void response.writeHead(status).end("whatever it says");
    await send(open());
  });

  test.each([400, 409, 413, 422, 429])("of %i sets it aside with the reason", async (status) => {
    const unwanted = { queue_config: { retry_on_http_429: false } };
    reply = (response) => void response.writeHead(status).end("out of order sample\nand more");
    const error = await failure(unwanted);
    expect(error).toBeInstanceOf(Refused);
    expect(error.message).toBe(`cannot write to ${url}: status ${status}: out of order sample`);
  });

  test.each([500, 503, 401, 403, 404])("of %i is tried again", async (status) => {
    reply = (response) => void response.writeHead(status).end("no");
    const error = await failure();
    expect(error).not.toBeInstanceOf(Refused);
    expect(error.message).toContain(`status ${status}: no`);
  });

  test("of 429 is waited for unless that is unwanted, as long as it says", async () => {
    reply = (response) => void response.writeHead(429, { "retry-after": "7" }).end();
    const wanted = {};
    expect(await failure(wanted)).toMatchObject({ name: "RetryLater", afterMs: 7000 });
    const date = new Date(T0 + 30_000).toUTCString();
    reply = (response) => void response.writeHead(429, { "retry-after": date }).end();
    expect(await failure(wanted)).toMatchObject({ name: "RetryLater", afterMs: 30_000 });
    reply = (response) => void response.writeHead(429, { "retry-after": "9999999" }).end();
    expect(await failure(wanted)).toMatchObject({ name: "RetryLater", afterMs: 600_000 });
    reply = (response) => void response.writeHead(429).end();
    expect(await failure(wanted)).not.toBeInstanceOf(RetryLater);
  });

  test("that never ends or is endless hurts nobody", async () => {
    reply = (response) => void response.writeHead(400).end("x".repeat(1_000_000));
    expect((await failure()).message.length).toBeLessThan(500);
    reply = () => undefined;
    expect((await failure({ remote_timeout: "100ms" })).cause).toMatchObject({
      message: "no whole answer within 100 ms",
    });
  });

  test("is not waited for once it is called off", async () => {
    const stop = new AbortController();
    const sink = open();
    reply = () => stop.abort(new Error("the program ends"));
    const sending = sink.send(bodiesOf(sink, scraped([UP])), stop.signal);
    await expect(sending).rejects.toMatchObject({ cause: { message: "the program ends" } });
  });

  test("does not show what stands in the address", async () => {
    reply = (response) => void response.writeHead(400).end();
    const error = await failure({ url: `${url}?token=geheim` });
    expect(error.message).not.toContain("geheim");
  });
});
