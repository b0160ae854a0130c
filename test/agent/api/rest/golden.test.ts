/** What cAdvisor's API answers for recorded cgroups: as files, and to a client that knows cAdvisor alone. */
import { afterEach, describe, expect, it } from "vitest";

import { rest } from "../../../../agent/api/rest/rest.ts";
import { decode, ROUTES } from "../../rest/decode.ts";
import { type SampledKernel, sampleFakeKernel } from "../../sampled-kernel.ts";

let kernel: SampledKernel;

afterEach(() => kernel.close());

/** Lines instead of one long one, numbers beyond 2^53 as they are; the time of a start by `ps` depends on the day. */
function readable(json: string): string {
  const quoted = json.replaceAll(/([:[,])(\d{16,})(?=[,\]}])/g, '$1"whole:$2"');
  const text = JSON.stringify(JSON.parse(quoted), undefined, 2);
  return `${text.replaceAll(/"whole:(\d+)"/g, "$1")}\n`;
}

describe.each(["v1", "v2"] as const)("over the recorded cgroups of %s", (version) => {
  it.each([
    ["containers", "/api/v1.3/subcontainers/"],
    ["machine", "/api/v1.3/machine"],
    ["stats", "/api/v2.0/stats/shop-web-1?type=docker"],
    ["stats-v21", "/api/v2.1/stats/shop-web-1?type=docker"],
    ["spec", "/api/v2.0/spec?recursive=true"],
    ["summary", "/api/v2.0/summary/shop-web-1?type=docker"],
    ["machinestats", "/api/v2.1/machinestats"],
    ["events", "/api/v1.3/events/?all_events=true&subcontainers=true"],
  ])("%s are as they were", async (name, url) => {
    kernel = await sampleFakeKernel(`cgroup-${version}`, [rest]);
    const answer = readable(await kernel.ask(url));
    await expect(answer).toMatchFileSnapshot(`../../../golden/rest/${name}-${version}.json`);
  });

  it("every route is understood by a client of cAdvisor's", async () => {
    kernel = await sampleFakeKernel(`cgroup-${version}`, [rest]);
    const all = JSON.parse(await kernel.ask("/api/v1.2/docker")) as Record<string, unknown>;
    const [path = ""] = Object.keys(all);
    for (const [route, type] of Object.entries(ROUTES)) {
      const url = `/api/${route.replace("PATH", path).replace("NAME", "shop-web-1")}`;
      const text = await kernel.ask(url);
      expect(() => decode(type, text), url).not.toThrow();
    }
  });
});

it("a limit that is none is the kernel's number, digit by digit", async () => {
  kernel = await sampleFakeKernel("cgroup-v2", [rest]);
  const text = await kernel.ask("/api/v2.0/spec?recursive=true");
  expect(text).toContain('"limit":18446744073709551615');
});
