import { describe, expect, it } from "vitest";

import { Diagnostics } from "../../../agent/diagnostics/diagnostics.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { furnish, sceneOf } from "./scene-of.ts";

describe("the diagnosis of a running agent", () => {
  it("is made once for all who ask within a few seconds", async () => {
    using kernel = new FakeKernel("cgroup-v2");
    furnish(kernel);
    let time = 0;
    const clock = { now: () => 1_795_000_000_000 + time, monotonic: () => time };
    const diagnostics = new Diagnostics(sceneOf(kernel, { clock }));
    const [first, second] = await Promise.all([diagnostics.read(), diagnostics.read()]);
    expect(second).toBe(first);
    time = 4000;
    expect(await diagnostics.read()).toBe(first);
    time = 6000;
    expect((await diagnostics.read()).time).not.toBe(first.time);
  });

  it("explains one name, and knows no other", async () => {
    using kernel = new FakeKernel("cgroup-v2");
    furnish(kernel);
    const diagnostics = new Diagnostics(sceneOf(kernel));
    expect((await diagnostics.explain("cpu_cores"))?.metrics).toHaveLength(1);
    expect(await diagnostics.explain("nothing")).toBeUndefined();
  });
});
