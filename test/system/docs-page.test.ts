import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, expect, test } from "vitest";

import { serveFakeKernel } from "../agent/api/served.ts";
import type { SampledKernel } from "../agent/sampled-kernel.ts";
import { type Browser, startChromium } from "../testbed/chromium.ts";
import { describeWith } from "../testbed/describe-with.ts";

describeWith(["chromium"], "the page of the routes", () => {
  let kernel: SampledKernel;
  let browser: Browser;

  beforeAll(async () => {
    kernel = await serveFakeKernel();
    await kernel.app.listen({ port: 0, host: "127.0.0.1" });
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await kernel?.close();
  });

  test("shows them, asks them, and asks nobody else", async () => {
    const { port } = kernel.app.server.address() as AddressInfo;
    const { page, foreignRequests, errors } = await browser.open(`http://127.0.0.1:${port}/docs`);
    await page.locator("#operations-stats-get_stats").click();
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByRole("button", { name: "Execute" }).click();
    await page.locator(".live-responses-table .response-col_status").first().waitFor();
    const shown = await page.locator(".live-responses-table").first().innerText();
    expect(shown).toContain("shop-web-1");
    expect(foreignRequests).toEqual([]);
    expect(errors).toEqual([]);
  });
});
