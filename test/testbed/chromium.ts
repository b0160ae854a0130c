import path from "node:path";

import { chromium, type BrowserContext, type Page } from "playwright-core";

import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder } from "./run-folder.ts";

/** A page with what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Requests that left the page's own origin: none is right. */
  readonly foreignRequests: readonly string[];
  /** Exceptions and console errors of the page's scripts, and answers of 400 and above. */
  readonly errors: readonly string[];
}

/** A Chromium of a test's own. */
export interface Browser {
  readonly context: BrowserContext;
  /** Opens a page and waits until it has loaded. */
  open(url: string): Promise<OpenPage>;
  close(): Promise<void>;
}

const flags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium without a window, on a profile of its own. */
export async function startChromium(): Promise<Browser> {
  const run = await openRunFolder();
  try {
    const context = await chromium.launchPersistentContext(path.join(run.path, "profile"), {
      executablePath: commandPath("chromium|google-chrome"),
      headless: true,
      args: [...flags],
      env: { ...process.env, ...run.env },
      timeout: 60_000,
      viewport: { width: 1280, height: 900 },
    });
    context.setDefaultTimeout(30_000);
    return {
      context,
      open: (url) => openPage(context, url),
      async close() {
        try {
          await context.close();
        } finally {
          await removeRun(run.name);
        }
      },
    };
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

async function openPage(context: BrowserContext, url: string): Promise<OpenPage> {
  const page = await context.newPage();
  const { origin } = new URL(url);
  const foreignRequests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => {
    const target = new URL(request.url());
    const isInside = ["data:", "blob:"].includes(target.protocol);
    if (!isInside && target.origin !== origin) foreignRequests.push(target.href);
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("response", (response) => {
    if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, foreignRequests, errors };
}
