import { get } from "node:http";

import fc from "fast-check";
/** What is answered to those who ask for what is not there, or do not ask rightly. */
import type { FastifyInstance, InjectOptions } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { rest } from "../../../../agent/api/rest/rest.ts";
import { createHttpServer } from "../../../../lib/http/server.ts";
import { type SampledKernel, sampleFakeKernel } from "../../sampled-kernel.ts";

const server = { title: "x", description: "", version: "1", logger: pino({ level: "silent" }) };

let kernel: SampledKernel;
let app: FastifyInstance;

beforeAll(async () => {
  kernel = await sampleFakeKernel("cgroup-v1", [rest], () => createHttpServer(server));
  app = kernel.app;
});

afterAll(() => kernel.close());

/** Status, type and body of an answer. */
async function answerTo(options: InjectOptions): Promise<[number, string, string]> {
  const { statusCode, headers, body } = await app.inject(options);
  return [statusCode, String(headers["content-type"]), body];
}

/** Where the server listens, once it does. */
function base(): string {
  const bound = app.server.address();
  return typeof bound === "object" ? `http://127.0.0.1:${bound?.port}` : "";
}

const TEXT = "text/plain; charset=utf-8";
const LONG = "x".repeat(10_000);

describe("an error is what cAdvisor answers", () => {
  it.each([
    ["/api", 400, /^Supported API versions: "v1.0,v1.1,v1.2,v1.3,v2.0,v2.1"\n$/],
    ["/api/", 400, /^Supported API versions/],
    ["/api/v1.0", 400, /^Supported request types: "containers,machine"\n$/],
    ["/api/v1.1/", 400, /"containers,machine,subcontainers"/],
    ["/api/v1.2/", 400, /"containers,docker,machine,subcontainers"/],
    ["/api/v1.3/", 400, /"containers,docker,events,machine,subcontainers"/],
    [
      "/api/v2.0/",
      400,
      /"appmetrics,attributes,events,machine,ps,spec,stats,storage,summary,version"/,
    ],
    ["/api/v2.1/", 400, /machinestats/],
    ["/api/v1.4/machine", 500, /^unsupported API version "v1.4"\n$/],
    ["/api/__proto__/machine", 500, /unsupported API version/],
    ["/api/v1.3/nothing", 500, /^unknown request type "nothing"\n$/],
    ["/api/v1.3/constructor", 500, /unknown request type/],
    ["/api/v1.0/docker", 500, /unknown request type "docker"/],
    ["/api/v2.0/machinestats", 500, /unknown request type "machinestats"/],
    [
      "/api/v1.3/containers/nothing",
      500,
      /^failed to get container "\/nothing" with error: unknown container "\/nothing"\n$/,
    ],
    ["/api/v1.3/containers/%00", 500, /unknown container/],
    [`/api/v1.3/containers/${LONG}`, 500, /unknown container/],
    ["/api/v1.3/subcontainers/nothing", 500, /unknown container "\/nothing"/],
    ["/api/v1.3/docker/nothing", 500, /unable to find container "nothing" in "docker" namespace/],
    [
      "/api/v1.3/docker/shop-web-1/more",
      500,
      /^unknown request for Docker container \[shop-web-1 more\]\n$/,
    ],
    ["/api/v2.0/stats/nothing", 500, /^unknown container "\/nothing"\n$/],
    ["/api/v2.0/stats?type=lxc", 500, /^unknown 'type' "lxc"\n$/],
    ["/api/v2.0/stats?count=many", 500, /^failed to parse 'count' option: many\n$/],
    ["/api/v2.0/stats?count=1e3", 500, /'count'/],
    [
      "/api/v2.0/stats?count=-2",
      500,
      /^invalid 'count' option: only -1 and larger values allowed, not -2\n$/,
    ],
    [`/api/v2.0/stats?count=${"9".repeat(400)}`, 500, /'count'/],
    ["/api/v2.0/summary?max_age=soon", 500, /^failed to parse 'max_age' option/],
    ["/api/v2.0/stats?type=docker", 500, /unable to find container ""/],
    [
      "/api/v2.0/stats/shop-web-1?type=docker&recursive=true",
      500,
      /invalid request for docker container/,
    ],
    ["/api/v2.0/stats/shop-web-1?type=podman", 500, /"podman" namespace/],
    ["/api/v2.0/storage?label=mine", 500, /^non-existent label "mine"\n$/],
    ["/api/v2.0/storage?uuid=1234", 500, /no such device/],
    ["/api/v1.3/events?stream=true&end_time=2026-11-21T06:15:30Z", 500, /end_time/],
  ])("%s", async (url, status, body) => {
    const [statusCode, type, text] = await answerTo({ url });
    expect([statusCode, type]).toEqual([status, TEXT]);
    expect(text).toMatch(body);
    expect(text.length).toBeLessThan(12_000);
  });

  it.each([
    "junk",
    "[]",
    '"x"',
    "1",
    '{"num_stats":"1"}',
    '{"num_stats":1.5}',
    '{"start":5}',
    '{"end":"now"}',
  ])("the body %s can't be decoded", async (payload) => {
    for (const method of ["GET", "POST", "PUT"] as const) {
      const url = "/api/v1.0/containers/";
      const [status, type, text] = await answerTo({ method, url, payload });
      expect([status, type]).toEqual([500, TEXT]);
      expect(text).toMatch(/^unable to decode the json value: /);
    }
  });

  it("a body that is too large is not read", async () => {
    const payload = `{"num_stats":${" ".repeat(2 << 20)}1}`;
    for (const method of ["GET", "POST"] as const) {
      const [status] = await answerTo({ method, url: "/api/v1.0/containers", payload });
      expect(status).toBe(413);
    }
  });

  it.each([
    ["/api/v1.3/containers/docker/../../etc/passwd", '"/etc/passwd"'],
    ["/api/v1.3/containers/%2e%2e/%2e%2e/x", '"/x"'],
    ["/api/v1.3/containers/..%2f..%2fx", '"/x"'],
    ["/api/v1.3/containers/./docker/./x", '"/docker/x"'],
  ])("%s leads out of nothing", async (path, shown) => {
    if (!app.server.listening) await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = new URL(base());
    const text = await new Promise<string>((resolve, reject) => {
      // As it stands: most clients would tidy it up themselves.
      get({ host: "127.0.0.1", port, path }, (message) => {
        message.setEncoding("utf8").once("data", resolve);
      }).on("error", reject);
    });
    expect(text).toContain(`unknown container ${shown}`);
  });

  it("a path that is not rightly encoded is one", async () => {
    expect((await answerTo({ url: "/api/v1.0/containers/%zz" }))[0]).toBe(400);
  });

  it("what else a client may think of is one as well, and says so in words", async () => {
    const word = fc.oneof(
      fc.constantFrom("v1.3", "v2.0", "v2.1", "containers", "stats", "docker", "events", "%00"),
      fc.string().map(encodeURIComponent),
    );
    const query = fc.tuple(
      fc.constantFrom("count", "type", "max_age", "recursive", "max_events", "stream", "x"),
      fc.string().map(encodeURIComponent),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 4 }),
        fc.array(query, { maxLength: 3 }),
        async (path, pairs) => {
          const asked = pairs.map(([key, value]) => `${key}=${value}`).join("&");
          const url = `/api/${path.join("/")}?${asked}`;
          const { statusCode, headers, body } = await app.inject({ url });
          expect([200, 400, 500]).toContain(statusCode);
          expect(body).not.toContain("something went wrong here");
          if (statusCode === 200) expect(headers["content-type"]).toBe("application/json");
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("what is right is answered", () => {
  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)(
    "to any method: %s",
    async (method) => {
      const [status, type, body] = await answerTo({ method, url: "/api/v2.0/version" });
      expect([status, type]).toEqual([200, "application/json"]);
      expect(body).toMatch(/^"\d+\.\d+\.\d+"$/);
    },
  );

  it("to HEAD without a body", async () => {
    const { statusCode, body, headers } = await app.inject({
      method: "HEAD",
      url: "/api/v1.3/machine",
    });
    expect([statusCode, body, headers["content-type"]]).toEqual([200, "", "application/json"]);
  });

  it.each([
    "/api//v1.3///machine",
    "/api/v1.3/machine/more",
    "/api/v1.3/containers/docker/",
    "/api/v1.3/containers//docker",
    "/api/v1.3/containers/docker/x/..",
    "/api/v2.0/stats?count=0",
    "/api/v2.0/stats?count=3&count=x",
    "/api/v2.0/stats?recursive=TRUE&unknown=1",
    "/api/v2.0/stats?max_age=1m30s",
    "/api/v1.3/events?max_events=x&start_time=1732169730",
    "/api/v1.3/docker/1b1b",
  ])("%s", async (url) => {
    const [status, type] = await answerTo({ url });
    expect([status, type]).toEqual([200, "application/json"]);
  });

  it.each([
    [undefined, 2],
    ["", 2],
    ["null", 2],
    ["{}", 2],
    ['{"num_stats":1}', 1],
    ['{"num_stats":0}', undefined],
    ['{"num_stats":-1}', 2],
    ['{"start":"2026-11-21T06:15:31Z"}', 1],
    ['{"end":"2026-11-21T06:15:30Z"}', 1],
    ['{"start":"0001-01-01T00:00:00Z","end":"0001-01-01T00:00:00Z"}', 2],
    ['{"start":"2027-01-01T00:00:00Z"}', undefined],
  ])("the body %s asks for so many samples", async (payload, count) => {
    for (const method of ["GET", "POST"] as const) {
      const options = { method, url: "/api/v1.0/containers/docker" };
      const [, , body] = await answerTo(payload === undefined ? options : { ...options, payload });
      const { stats } = JSON.parse(body) as { stats?: { timestamp: string }[] };
      expect(stats?.length).toBe(count);
      const times = stats?.map(({ timestamp }) => timestamp) ?? [];
      expect(times).toEqual(times.toSorted());
    }
  });

  it("the newest samples are given, oldest first", async () => {
    const url = "/api/v2.0/stats/docker";
    const [, , all] = await answerTo({ url });
    const [, , one] = await answerTo({ url: `${url}?count=1` });
    const times = (JSON.parse(all) as Record<string, { timestamp: string }[]>)["/docker"]!;
    expect(times.map(({ timestamp }) => timestamp)).toEqual([
      "2026-11-21T06:15:30Z",
      "2026-11-21T06:15:31Z",
    ]);
    expect(JSON.parse(one)).toMatchObject({ "/docker": [{ timestamp: "2026-11-21T06:15:31Z" }] });
  });

  it("packed, for those who take it, and the same to all who ask the same", async () => {
    const url = "/api/v1.3/subcontainers/";
    const { headers } = await app.inject({ url, headers: { "accept-encoding": "gzip" } });
    expect(headers["content-encoding"]).toBe("gzip");
    const [, , first] = await answerTo({ url, method: "POST", payload: '{"num_stats":1}' });
    const [, , second] = await answerTo({ url, method: "POST", payload: '{"num_stats":2}' });
    expect(second.length).toBeGreaterThan(first.length);
  });
});
