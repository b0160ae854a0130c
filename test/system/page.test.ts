import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { aCgroup, aContainer } from "../aggregator/web/canned.ts";
import { type Browser, type OpenPage, startChromium } from "../testbed/chromium.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { StandInAggregator } from "../testbed/stand-in-aggregator.ts";
import { until } from "../testbed/wait.ts";

const MIB = 1024 ** 2;
const SCRIPT = `<script>document.title = "taken"</script><img src=x onerror="document.title='taken'">`;

const burner = aContainer({
  name: "burner",
  started_at: "2026-11-21T04:00:00.000Z",
  limits: { cpu_cores: 0.5, memory_bytes: 64 * MIB, pids: null },
  latest: { cpu_cores: 0.5, memory_working_set_bytes: 61.2 * MIB, processes: 1, threads: 3 },
  window: { cpu_cores: { avg: 0.49, max: 0.51 } },
});

const others = [
  aContainer({ name: "idle", node: "host-2", latest: { cpu_cores: 0.01 } }),
  aContainer({ name: "web-10", latest: { cpu_cores: 1.2, memory_working_set_bytes: MIB } }),
  aContainer({ name: "web-2", latest: { cpu_cores: 1.1, memory_working_set_bytes: 2 * MIB } }),
  aContainer({ id: "/docker/script", name: SCRIPT, image: SCRIPT, latest: { cpu_cores: 0.2 } }),
  aContainer({ id: "/docker/lines", name: `quote"s 'and'\nlines`, latest: { cpu_cores: 0.3 } }),
  aContainer({ id: "/docker/arabic", name: "خادم-الويب", latest: { cpu_cores: 0.4 } }),
  aContainer({ id: "/docker/long", name: "x".repeat(300), latest: { cpu_cores: 0.05 } }),
  aCgroup("/system.slice"),
];

/** The last hour of a container at half a core, in the steps that the query asks for. */
function lastHour(container: ContainerStats, query: URLSearchParams): ContainerStats {
  const now = Math.floor(Date.now() / 5000) * 5;
  const start = query.get("start") ?? "";
  const from = start.startsWith("-") ? now - 3600 : Number(start);
  const times = Array.from({ length: (now - from) / 5 + 1 }, (_, step) => from + step * 5);
  const flat = (value: number): Record<string, number[]> => ({
    avg: times.map(() => value),
    max: times.map(() => value * 1.1),
  });
  const values = {
    cpu_cores: flat(0.5),
    memory_working_set_bytes: flat(50 * MIB),
    memory_usage_bytes: flat(60 * MIB),
    fs_write_bytes_per_second: flat(2e6),
  };
  return { ...container, series: { step_seconds: 5, times, values } };
}

const isHistory = (path: string): boolean => path.startsWith("/stats/");

const names = (page: Page): Promise<string[]> => page.locator("tbody button.open").allInnerTexts();

/** How many pixels of each chart have the colour of its first or second line. */
const drawnPixels = `[...document.querySelectorAll(".chart canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && Math.abs(data[at] - data[at + 2]) > 100) drawn += 1;
  return drawn;
})`;

describeWith(["chromium"], "the cluster's page", () => {
  let folder: string;
  let browser: Browser;
  let server: StandInAggregator;
  let opened: OpenPage | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-page-"));
    // As it is shipped, not as Vite would make it for tests.
    vi.stubEnv("NODE_ENV", "production");
    await build({
      configFile: new URL("../../aggregator/web/vite.config.ts", import.meta.url).pathname,
      build: { outDir: folder, emptyOutDir: true },
      logLevel: "warn",
    });
    vi.unstubAllEnvs();
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    await opened?.page.close();
    opened = undefined;
    await server.stop();
  });

  async function open(path = "", containers = [burner, ...others]): Promise<Page> {
    server = new StandInAggregator(folder, {
      cluster: "harbour",
      containers,
      history: (id, query) => (id === burner.id ? lastHour(burner, query) : undefined),
    });
    await server.start();
    opened = await browser.open(server.url + path);
    await opened.page.emulateMedia({ colorScheme: "light" });
    return opened.page;
  }

  const expectClean = (): void => {
    expect(opened?.foreignRequests).toEqual([]);
    expect(opened?.errors).toEqual([]);
  };

  test("shows all containers of all nodes, the busiest first, and is live", async () => {
    const page = await open();
    await page.locator("tbody tr").first().waitFor();

    expect((await names(page)).slice(0, 3)).toEqual(["web-10", "web-2", "burner"]);
    const row = page.locator("tr", { hasText: "burner" });
    expect(await row.locator("td").allInnerTexts()).toEqual(
      expect.arrayContaining(["host-1", "nginx:1.29", "0.50", "61.2 MiB", "1", "3"]),
    );
    expect(await row.locator("[data-column=cpu]").getAttribute("title")).toBe(
      "0.50 of 0.50 cores (100 %)\nlast minute: 0.49 on average, 0.51 at most",
    );
    const absent = row.locator("td[data-column=in]");
    expect(await absent.getAttribute("title")).toBe("not measured");
    expect(await page.locator(".counts").innerText()).toMatch(/harbour\s*2 nodes\s*8 containers/);
    expect(await page.locator(".status").innerText()).toBe("live");
    expectClean();
  });

  test("takes a name as text, whatever it holds", async () => {
    const page = await open();
    await page.locator("tbody tr").first().waitFor();
    const texts = await page.locator("tbody button.open").allTextContents();
    expect(texts).toContain(SCRIPT);
    expect(texts).toContain("x".repeat(300));
    expect(await page.locator("tbody img, tbody script").count()).toBe(0);
    expect(await page.title()).toBe("harbour – Plimsoll");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expectClean();
  });

  test("sorts by a click on a header, and says how", async () => {
    const page = await open();
    await page.getByRole("button", { name: "Name", exact: true }).click();
    expect(await page.locator("th[data-column=name][aria-sort]").getAttribute("aria-sort")).toBe(
      "ascending",
    );
    const sorted = await names(page);
    expect(sorted.indexOf("web-2")).toBe(sorted.indexOf("web-10") - 1);

    await page.getByRole("button", { name: "Memory" }).click();
    expect((await names(page)).slice(0, 3)).toEqual(["burner", "web-2", "web-10"]);
    await page.getByRole("button", { name: "Memory" }).click();
    expect((await names(page)).slice(0, 3)).toEqual(["web-10", "web-2", "burner"]);
    expect(page.url()).toContain("?sort=memory");
    expectClean();
  });

  test("searches as one types, and keeps it in the URL", async () => {
    const page = await open();
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("WEB");
    await until("the rows that are found", async () => (await names(page)).length === 2);
    expect(page.url()).toContain("?q=WEB");
    await page.keyboard.type("-nothing");
    await page.getByText("Nothing found").waitFor();
    await page.keyboard.press("Escape");
    await until("all rows", async () => (await names(page)).length === 8);
    expectClean();
  });

  test("shows plain cgroups when asked to, or when there is nothing else", async () => {
    const page = await open();
    await page.locator("tbody tr").first().waitFor();
    expect(await names(page)).not.toContain("/system.slice");
    await page.getByText("All cgroups").click();
    await until("all cgroups", async () => (await names(page)).includes("/system.slice"));
    expect(page.url()).toContain("?all=1");

    server.canned.containers = [aCgroup("/a"), aCgroup("/b")];
    await until("the bare host", async () => (await names(page)).join() === "/a,/b");
    expect(await page.locator(".scope input").first().isDisabled()).toBe(true);
    expectClean();
  });

  test("says so while nothing has been measured yet", async () => {
    const page = await open("", []);
    await page.getByText("Nothing measured yet").waitFor();
    server.canned.containers = [burner];
    await until("the first row", async () => (await names(page)).join() === "burner");
    expectClean();
  });

  test("draws the last hour of the row that is clicked, and goes on drawing", async () => {
    const page = await open();
    await page.getByText("burner").click();
    await page.locator(".chart canvas").first().waitFor();

    expect(await page.locator(".chart h3").allInnerTexts()).toEqual([
      "CPU",
      "Memory",
      "Network",
      "Disk",
    ]);
    const drawn = await until("lines in the charts", async () => {
      const pixels = await page.evaluate<number[]>(drawnPixels);
      return pixels.every((number) => number > 200) && pixels;
    });
    // The network of this container was not measured.
    expect(drawn).toHaveLength(3);
    expect(await page.locator("[data-chart=network]").innerText()).toContain("not measured");
    expect(await page.locator("[data-chart=cpu] [role=img]").getAttribute("aria-label")).toBe(
      "CPU, last hour: cores 0.50 cores now, 0.55 cores at most; limit 0.50 cores",
    );

    expect(server.asked.find(isHistory)).toMatch(
      /^\/stats\/%2Fdocker%2Fburner\?start=-3600s&.*&node=host-1$/,
    );
    await until("a question for what is new", () =>
      /start=\d/.test(server.asked.findLast(isHistory) ?? ""),
    );
    expectClean();
  });

  test("moves one cursor over all charts, by mouse and by key", async () => {
    const page = await open("?id=%2Fdocker%2Fburner&node=host-1");
    const cpu = page.locator("[data-chart=cpu] [role=img]");
    await cpu.hover();
    await until("a time in the head", async () =>
      /^\d\d:\d\d:\d\d$/.test(await page.locator(".panel .time").innerText()),
    );
    const before = await page.locator(".panel .time").innerText();
    const shown = page.locator(".u-cursor-x:not(.u-off)");
    expect(await shown.count()).toBe(3);
    await page.mouse.move(2, 2);
    await page.getByText("last hour", { exact: true }).waitFor();
    await cpu.focus();
    await page.keyboard.press("ArrowLeft");
    await until("another time", async () => {
      const now = await page.locator(".panel .time").innerText();
      return now !== before && now !== "last hour";
    });
    expectClean();
  });

  test("opens, walks and closes by key; a link and the back button show the same", async () => {
    const page = await open("?sort=name");
    const first = page.locator("tbody button.open").first();
    await first.focus();
    while ((await page.locator("button.open:focus").innerText()) !== "burner")
      await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "burner" }).waitFor();
    expect(await page.locator("tr[aria-current=true]").innerText()).toContain("burner");
    expect(page.url()).toContain("sort=name&id=%2Fdocker%2Fburner&node=host-1");

    await page.reload();
    await page.getByRole("heading", { name: "burner" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "burner" }).waitFor({ state: "detached" });
    await page.goBack();
    await page.getByRole("heading", { name: "burner" }).waitFor();
    expectClean();
  });

  test("keeps the focus on a row that a new order moves", async () => {
    const page = await open();
    await page.getByRole("button", { name: "idle" }).focus();
    const idle = { ...others[0]!, latest: { cpu_cores: 9 } };
    server.canned.containers = [burner, idle, ...others.slice(1)];
    await until("the new order", async () => (await names(page))[0] === "idle");
    expect(await page.locator("button.open:focus").innerText()).toBe("idle");
  });

  test("keeps showing a container that has ended", async () => {
    const page = await open("?id=%2Fdocker%2Fburner&node=host-1");
    await page.locator(".chart canvas").first().waitFor();
    server.canned.containers = others;
    await page.getByText(/^ended, last sample \d\d:\d\d:\d\d$/).waitFor();
    expect(await names(page)).not.toContain("burner");
    expect(await page.locator(".chart canvas").count()).toBe(3);
    await page.getByRole("heading", { name: "burner" }).waitFor();
    expectClean();
  });

  test("says why when there is no history", async () => {
    const page = await open("?id=%2Fdocker%2Fidle&node=host-2");
    await page.getByText("No charts: there is no container /docker/idle (HTTP 404)").waitFor();
    expect(await names(page)).toContain("idle");
  });

  test("says since when the server is away, keeps the last numbers, and goes on by itself", async () => {
    const page = await open();
    await page.locator("tbody tr").first().waitFor();
    await server.stop();
    await page.getByText(/^no answer since \d\d:\d\d:\d\d$/).waitFor();
    expect(await names(page)).toContain("burner");
    server.canned.containers = [...others];
    await server.start();
    await page.getByText("live", { exact: true }).waitFor();
    expect(await names(page)).not.toContain("burner");
  });

  test.each([360, 768, 1440, 2560])("fits a screen %i pixels wide", async (width) => {
    const page = await open("?id=%2Fdocker%2Fburner&node=host-1");
    await page.setViewportSize({ width, height: 800 });
    await page.locator(".chart canvas").first().waitFor();
    const wide = "[...document.querySelectorAll('#page > *')].map((part) => part.scrollWidth)";
    for (const part of await page.evaluate<number[]>(wide)) expect(part).toBeLessThanOrEqual(width);
    for (const box of await page.locator(".chart canvas").all())
      expect((await box.boundingBox())?.width).toBeLessThanOrEqual(width);
    expectClean();
  });

  test("is small, and brings no inline script or style", async () => {
    await open();
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const bodies = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map((file) => readFile(join(file.parentPath, file.name))),
    );
    const size = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
    expect(size).toBeLessThanOrEqual(60_000);
    const html = await readFile(join(folder, "index.html"), "utf8");
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/);
  });
});
