import path from "node:path";

import { expect, test } from "vitest";

import { runToEnd } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { commandPath } from "../testbed/parts.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

async function promtool(...args: readonly string[]): Promise<string> {
  return runToEnd(commandPath("promtool"), args, { cwd: ROOT });
}

describeWith(["prometheus"], "the rules for Prometheus", () => {
  test("are rules", async () => {
    const rules = ["alerts", "recording"].map((name) => `dashboards/rules/${name}.yaml`);
    expect(await promtool("check", "rules", ...rules)).toMatch(/SUCCESS: 15[^]*SUCCESS: 8/);
  });

  test("fire and stay silent as they should", async () => {
    expect(await promtool("test", "rules", "test/dashboards/alerts.promtool.yaml")).toContain(
      "SUCCESS",
    );
  });
});
