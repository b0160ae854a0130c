import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { StatsUpdateSchema } from "../../../wire/stats/schema.ts";
import { documentedRoutes, type Documented, faultIn, faultOf } from "../../openapi.ts";
import { V2_ID } from "../fake-kernel.ts";
import type { SampledKernel } from "../sampled-kernel.ts";
import { serveFakeKernel } from "./served.ts";

const CGROUP = `system.slice/docker-${V2_ID}.scope`;

/** Something to ask of a route; without a path, of the route as it stands. */
interface Request {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
}

/** What each route is asked, beside each of its parameters alone with the values that the document gives as examples. */
const requests: Readonly<Record<string, readonly Request[]>> = {
  "/metrics": [{}, { headers: { accept: "application/openmetrics-text; version=1.0.0" } }],
  "/stats": [
    {},
    { url: "/stats?label=com.docker.compose.service&metrics=cpu_cores&stat=max,min&window=5s" },
    { url: "/stats?format=ndjson" },
    { url: "/stats?format=csv" },
    { url: "/stats?step=1s" },
    { headers: { "if-none-match": "*" }, status: 304 },
    { url: "/stats?limit=none", status: 400 },
  ],
  "/stats/{container}": [
    { url: "/stats/shop-web-1" },
    { url: "/stats//system.slice" },
    { url: "/stats/nobody", status: 404 },
  ],
  "/stats/feed": [
    {},
    { url: "/stats/feed?since=0-1" },
    { url: "/stats/feed?since=x", status: 400 },
  ],
  "/events": [
    {},
    { url: "/events?type=agent_started,died&type=oom_kill&since=-1h&limit=5&moments=true" },
    { url: "/events?type=nothing", status: 400 },
    { url: "/events?after=%00", status: 400 },
  ],
  "/validate/": [{}],
  "/diagnostics": [
    {},
    { headers: { accept: "text/plain" } },
    { url: "/diagnostics?metric=memory_swap_bytes" },
    { url: "/diagnostics?metric=nothing", status: 400 },
  ],
  "/healthz": [{}],
  "/-/healthy": [{}],
  "/-/ready": [{}],
};

/** cAdvisor's routes, each of them in several versions. */
const REST = /^\/api\/\{version\}/;
const VERSIONS = ["v1.0", "v1.1", "v1.2", "v1.3", "v2.0", "v2.1"];

let kernel: SampledKernel;
let routes: Documented[];
let rest: Documented[];

beforeAll(async () => {
  kernel = await serveFakeKernel();
  const all = await documentedRoutes(kernel.app);
  routes = all.filter(({ path }) => !REST.test(path));
  rest = all.filter(({ path }) => REST.test(path));
});

afterAll(() => kernel.close());

/** Each parameter of a route alone, with the example that its schema gives. */
function examplesOf({ path, operation }: Documented): Request[] {
  if (path.includes("{")) return [];
  return (operation.parameters ?? []).flatMap(({ name, in: place, schema }) => {
    const [example] = (schema?.["examples"] as unknown[] | undefined) ?? [];
    if (place !== "query" || typeof example !== "string") return [];
    return [{ url: `${path}?${new URLSearchParams({ [name]: example }).toString()}` }];
  });
}

/** A route in each version, of the container by its path and by its name. */
function urlsOf(path: string): string[] {
  const urls = VERSIONS.flatMap((version) =>
    [CGROUP, "shop-web-1"].map((container) =>
      path.replace("{version}", version).replace("{container}", container),
    ),
  );
  return [...new Set(urls)];
}

describe("the OpenAPI document", () => {
  it("has every route, and no other", () => {
    expect(routes.map(({ path }) => path).toSorted()).toEqual(Object.keys(requests).toSorted());
    expect(routes.every(({ method }) => method === "get")).toBe(true);
  });

  it.each(Object.keys(requests))("says of %s what it really answers", async (path) => {
    const route = routes.find((each) => each.path === path)!;
    for (const { url = path, headers = {}, status = 200 } of [
      ...requests[path]!,
      ...examplesOf(route),
    ]) {
      const given = await kernel.app.inject({ url, headers });
      expect([url, given.statusCode], given.body).toEqual([url, status]);
      expect(faultOf(route, given), url).toBeUndefined();
    }
  });

  it("says of cAdvisor's routes what they really answer in each version", async () => {
    const answered: string[] = [];
    for (const route of rest.filter(({ method }) => method === "get")) {
      for (const url of urlsOf(route.path)) {
        const given = await kernel.app.inject({ url });
        expect(faultOf(route, given), url).toBeUndefined();
        if (given.statusCode === 200) answered.push(route.path);
      }
    }
    const gets = rest.filter(({ method }) => method === "get").map(({ path }) => path);
    expect([...new Set(answered)].toSorted()).toEqual(gets.toSorted());
  });

  it("has an example for each parameter of /stats but those that are switches", () => {
    const { operation } = routes.find(({ path }) => path === "/stats")!;
    const without = (operation.parameters ?? []).filter(
      ({ schema, examples, example }) => !(schema?.["examples"] ?? examples ?? example),
    );
    expect(without.map(({ name }) => name)).toEqual(["label", "stream"]);
  });

  it("has the shape of an update, which nothing else may stand in", () => {
    const update = {
      time: "2026-11-21T06:15:32.000Z",
      added: [],
      changed: [{ id: "/a", latest: { time: "2026-11-21T06:15:32.000Z", cpu_cores: null } }],
      removed: ["/b"],
    };
    expect(faultIn(StatsUpdateSchema, update)).toBeUndefined();
    expect(faultIn(StatsUpdateSchema, { ...update, more: 1 })).toContain("more");
  });
});
