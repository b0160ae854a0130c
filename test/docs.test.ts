import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { metricsPage } from "../docs/metrics-page.ts";

describe("the documentation", () => {
  it("has the metrics as they are described; `npm run docs` writes them", () => {
    const page = readFileSync(new URL("../docs/metrics.md", import.meta.url), "utf8");
    expect(page).toBe(metricsPage());
  });
});
