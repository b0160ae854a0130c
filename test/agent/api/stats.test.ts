import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { stats } from "../../../agent/api/stats.ts";
import type { StatsAnswer } from "../../../wire/stats/encode.ts";
import { statsQueryProperties } from "../../../wire/stats/schema.ts";
import type { SampledKernel } from "../sampled-kernel.ts";
import { serveFakeKernel } from "./served.ts";

const WEB = "shop-web-1";

let kernel: SampledKernel;

beforeAll(async () => {
  kernel = await serveFakeKernel([stats]);
});

afterAll(() => kernel.close());

async function namesOf(query: string): Promise<string[]> {
  const { containers } = JSON.parse(await kernel.ask(`/stats?${query}`)) as StatsAnswer;
  return containers.map(({ name }) => name);
}

async function refusal(url: string, method: "GET" | "HEAD" = "GET"): Promise<[number, string]> {
  const { statusCode, body } = await kernel.app.inject({ method, url });
  const error = JSON.parse(body) as { statusCode: number; error: string; message: string };
  expect(Object.keys(error)).toEqual(["statusCode", "error", "message"]);
  expect(error.statusCode).toBe(statusCode);
  return [statusCode, error.message];
}

describe("the parameters of /stats", () => {
  it.each([
    "name=shop-*",
    "name=shop-web-?",
    "label=com.docker.compose.service",
    "label=com.docker.compose.service%3Dweb&label=com.docker.compose.project%3Dshop",
    "runtime=docker",
    "group=compose_project:shop",
    "group=service:web",
    "sort=-cpu_cores&runtime=docker&limit=1",
  ])("%s finds the container", async (query) => {
    expect(await namesOf(query)).toEqual([WEB]);
  });

  it.each(["name=web", "label=nonsense", "runtime=podman", "group=stack:shop"])(
    "%s finds none",
    async (query) => {
      expect(await namesOf(query)).toEqual([]);
    },
  );

  it("limit takes the first of the order", async () => {
    const all = await namesOf("sort=-name");
    expect(all.length).toBeGreaterThan(2);
    expect(await namesOf("sort=-name&limit=2")).toEqual(all.slice(0, 2));
    expect(await namesOf("sort=name")).toEqual(all.toReversed());
  });

  it("metrics, stat, window and step say what is told of each", async () => {
    const query = "metrics=cpu_cores&stat=max,min&window=30s&step=2s";
    const answer = JSON.parse(await kernel.ask(`/stats/${WEB}?${query}`)) as StatsAnswer;
    const [web] = answer.containers;
    expect(Object.keys(web!.latest)).toEqual(["time", "cpu_cores"]);
    expect(Object.keys(web!.window)).toEqual(["cpu_cores"]);
    expect(Object.keys(web!.window["cpu_cores"]!)).toEqual(["max", "min"]);
    expect(web!.series).toMatchObject({ step_seconds: 2 });
  });

  it("format gives lines of JSON and tables", async () => {
    const { containers } = JSON.parse(await kernel.ask("/stats")) as StatsAnswer;
    const lines = (await kernel.ask("/stats?format=ndjson")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(containers);
    const rows = (await kernel.ask("/stats?format=csv")).trimEnd().split("\r\n");
    expect(rows).toHaveLength(containers.length + 1);
  });
});

describe("a bad parameter", () => {
  it.each([
    ["name=", "name: "],
    ["runtime=", "runtime: "],
    ["group=service:", "group: "],
    ["label=%3Dx", "label: "],
    ["metrics=cpu_core", 'metrics: "cpu_core" is not one of'],
    ["metrics=", "metrics: "],
    ["stat=p99", "did you mean p95?"],
    ["window=61s", "window: 61s is more than the 60s kept here"],
    ["window=0.1ms", 'window: "0.1ms" is shorter than a millisecond'],
    ["window=30", "window: "],
    ["step=10ms", "step: 0.01s is less than the 1s of a sample"],
    ["sort=", "sort: "],
    ["limit=-1", "limit: "],
    ["limit=1e999", "limit: "],
    ["format=xml", "format: "],
    ["stream=2", 'query parameter "stream" must be one of 0, 1'],
    ["stream=1&format=csv", "format: "],
    ["stream=1&step=5s", "step: "],
    ["limit=1&limit=2", 'query parameter "limit" must be given only once'],
    ["window=5s&window=5s", 'query parameter "window" must be given only once'],
    ["limi=1", 'query parameter "limi" is unknown; did you mean "limit"?'],
    ["limit[]=1", 'query parameter "limit[]" is unknown'],
    ["__proto__=1", 'query parameter "__proto__" is unknown'],
  ])("%s is refused by its name", async (query, message) => {
    for (const path of ["/stats", `/stats/${WEB}`]) {
      const [status, said] = await refusal(`${path}?${query}`);
      expect([status, said]).toEqual([400, expect.stringContaining(message)]);
    }
  });

  it.each([
    ["long name", `name=${"x".repeat(10_000)}`, '"name" must have at most 1000 characters'],
    ["long label", `label=${"x".repeat(10_000)}`, '"label" must have at most 1000 characters'],
    [
      "label given 51 times",
      Array.from({ length: 51 }, () => "label=a").join("&"),
      '"label" must have at most 50 values',
    ],
  ])("a %s is refused by its name", async (_, query, message) => {
    const [status, said] = await refusal(`/stats?${query}`);
    expect([status, said]).toEqual([400, `query parameter ${message}`]);
  });

  it("of any text does nothing but be answered or refused by its name", async () => {
    const names = [...Object.keys(statsQueryProperties), "stream"];
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 50 }),
      fc.constantFrom("1e999", "-1", "5s", "0", "a:b", "*", "cpu_cores", "\0", "%00", "__proto__"),
    );
    const parameters = fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(parameters, async (given) => {
        // An open stream has no end that could be waited for.
        const asked = given.filter(([name, value]) => name !== "stream" || value !== "1");
        const url = `/stats?${new URLSearchParams(asked).toString()}`;
        const { statusCode, body } = await kernel.app.inject({ url });
        if (statusCode === 200) return;
        expect(statusCode).toBe(400);
        const { message } = JSON.parse(body) as { message: string };
        expect(asked.some(([name]) => message.includes(name))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a path that leads nowhere", () => {
  it.each([
    ["/stats/nobody", 404],
    ["/stats/../etc/passwd", 404],
    ["/stats/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404],
    ["/stats/%00", 404],
    ["/stats/%zz", 400],
    ["/statsx", 404],
  ])("%s", async (url, status) => {
    expect((await refusal(url))[0]).toBe(status);
  });

  it("is too long", async () => {
    const [status, message] = await refusal(`/stats/${"x".repeat(10_000)}`);
    expect([status, message]).toEqual([400, "container: has more than 4096 characters"]);
  });

  it("is not there for a stream either", async () => {
    expect((await refusal("/stats/nobody?stream=1"))[0]).toBe(404);
  });
});

describe("another method", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] as const)("%s: 405", async (method) => {
    for (const url of ["/stats", "/stats/x"]) {
      const { statusCode, headers } = await kernel.app.inject({ method, url });
      expect([statusCode, headers["allow"]]).toEqual([405, "GET, HEAD"]);
    }
  });

  it("HEAD tells the head of the answer, of a stream too", async () => {
    const get = await kernel.app.inject({ url: "/stats" });
    const head = await kernel.app.inject({ method: "HEAD", url: "/stats" });
    expect([head.statusCode, head.body]).toEqual([200, ""]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    const stream = await kernel.app.inject({ method: "HEAD", url: "/stats?stream=1" });
    expect(stream.headers["content-type"]).toBe("text/event-stream");
  });
});

describe("asking again", () => {
  it("within the second costs nothing, after a pass it is answered anew", async () => {
    const ask = (tag?: string): Promise<{ statusCode: number; tag: string; body: string }> =>
      kernel.app
        .inject({
          url: `/stats/${WEB}`,
          headers: tag === undefined ? {} : { "if-none-match": tag },
        })
        .then(({ statusCode, headers, body }) => ({
          statusCode,
          tag: String(headers["etag"]),
          body,
        }));
    const first = await ask();
    expect(first.statusCode).toBe(200);
    expect(await ask(first.tag)).toEqual({ statusCode: 304, tag: first.tag, body: "" });
    expect((await ask('W/"other"')).statusCode).toBe(200);
    await kernel.pass();
    const later = await ask(first.tag);
    expect(later.statusCode).toBe(200);
    expect(later.tag).not.toBe(first.tag);
  });

  it("is told to look again each time", async () => {
    const { headers } = await kernel.app.inject({ url: "/stats" });
    expect(headers).toMatchObject({ "cache-control": "no-cache", vary: "accept, accept-encoding" });
  });

  it("is refused as the first time where a parameter is wrong", async () => {
    const url = "/stats?limit=0";
    const headers = { "if-none-match": "*" };
    expect((await kernel.app.inject({ url, headers })).statusCode).toBe(400);
  });
});
