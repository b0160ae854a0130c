import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";

import { openDuckdbHistory } from "../../../aggregator/history/duckdb.ts";
import { allStats } from "../../../wire/metrics/all.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const writer = fileURLToPath(new URL("rolling-writer.mjs", import.meta.url));
const threads = allStats.filter(({ name }) => name === "threads");

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-history-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** Lets a writer that stores minutes and rolls them up run for so many lines, and kills it. */
async function writeAndKill(lines: number, after: number): Promise<number> {
  const child = spawn(process.execPath, [writer, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let minutes = 0;
  try {
    let seen = 0;
    for await (const line of createInterface(child.stdout)) {
      minutes = Number(/^stored (\d+)$/.exec(line)?.[1] ?? Number.NaN);
      if (++seen === lines) break;
    }
    // Wherever it is by then.
    await new Promise<void>((resolve) => void setTimeout(resolve, after));
  } finally {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
  return minutes;
}

test(
  "a history that is killed between samples and tiers has each minute once, in both",
  { timeout: 120_000 },
  async () => {
    let minutes = 0;
    for (const [lines, after] of [
      [3, 0],
      [4, 25],
      [5, 60],
    ] as const) {
      minutes = Math.max(minutes, await writeAndKill(lines, after));
    }
    expect(minutes).toBeGreaterThan(3);
    const history = await openDuckdbHistory({
      directory,
      logger: pino({ level: "silent" }),
      retention: 1e12,
      now: () => T0 + 1e9,
      tiers: [
        { width: 15_000, retention: 1e12 },
        { width: 60_000, retention: 1e12 },
        { width: 600_000, retention: 1e12 },
      ],
    });
    try {
      await history.roll();
      const all = { start: T0, end: T0 + 1e9 };
      const keys = (await history.containers(all)).map(({ key }) => key);
      expect(keys).toHaveLength(20);
      const ask = { ...all, keys, stats: threads, summaries: ["avg"] as const };
      // The one of single samples, the other of tiers wherever they have it.
      const exact = await history.series({ ...ask, summaries: ["avg", "p95"] }, 1000);
      const coarse = await history.series(ask, 60_000);
      for (const key of keys) {
        const seconds = exact.get(key)!;
        const count = seconds.times.length;
        expect(count % 60).toBe(0);
        expect(count / 60).toBeGreaterThanOrEqual(minutes);
        expect(seconds.times).toEqual(
          Array.from({ length: count }, (_, index) => T0 / 1000 + index),
        );
        // Minute M has the value M in all of its seconds; a minute rolled up twice would hide, so the totals count, too.
        expect(coarse.get(key)!.values["threads"]!["avg"]).toEqual(
          Array.from({ length: count / 60 }, (_, index) => index),
        );
        const totals = (await history.totals({ ...ask, keys: [key] })).get(key)!;
        expect(totals.window["threads"]!["avg"]).toBeCloseTo((count / 60 - 1) / 2, 9);
      }
    } finally {
      await history.close();
    }
  },
);
