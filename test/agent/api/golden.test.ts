/**
 * What the agent answers for recorded cgroups, as files: a change of what others read is seen when it
 * is reviewed. After a change that is meant, `npx vitest run --project unit -u` writes them anew.
 */
import { afterEach, describe, expect, it } from "vitest";

import { metrics } from "../../../agent/api/metrics.ts";
import { stats } from "../../../agent/api/stats.ts";
import { type SampledKernel, sampleFakeKernel } from "../sampled-kernel.ts";

let kernel: SampledKernel;

afterEach(() => kernel.close());

/** The container part of a page. */
function containerPart(page: string): string {
  return page
    .split("\n")
    .filter((line) => /^(?:# (?:HELP|TYPE) )?container_/.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

/** Lines instead of one long one; the time of the answer is the only thing that no sample tells. */
function readable(json: string): string {
  const answer = JSON.parse(json) as { time: string };
  expect(Date.parse(answer.time)).toBeGreaterThan(0);
  return `${JSON.stringify({ ...answer, time: "(now)" }, undefined, 2)}\n`;
}

describe.each(["v1", "v2"] as const)("over the recorded cgroups of %s", (version) => {
  it("/metrics is as it was", async () => {
    kernel = await sampleFakeKernel(`cgroup-${version}`, [metrics]);
    const page = containerPart(await kernel.ask("/metrics"));
    await expect(page).toMatchFileSnapshot(`../../golden/metrics-${version}.txt`);
  });

  it("/stats is as it was", async () => {
    kernel = await sampleFakeKernel(`cgroup-${version}`, [stats]);
    const answer = readable(await kernel.ask("/stats"));
    await expect(answer).toMatchFileSnapshot(`../../golden/stats-${version}.json`);
  });

  it("/stats of one container, with its series, is as it was", async () => {
    kernel = await sampleFakeKernel(`cgroup-${version}`, [stats]);
    const answer = readable(await kernel.ask("/stats/shop-web-1?stat=avg"));
    await expect(answer).toMatchFileSnapshot(`../../golden/stats-one-${version}.json`);
  });
});
