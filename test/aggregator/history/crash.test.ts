import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  type DuckdbHistory,
  type DuckdbOptions,
  openDuckdbHistory,
} from "../../../aggregator/history/duckdb.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import { containerOf, everySecond } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const writer = fileURLToPath(new URL("writer.mjs", import.meta.url));
const all = { start: 0, end: T0 * 2 };
const threads = allStats.filter(({ name }) => name === "threads");

let directory: string;
let logged: { msg: string; aside?: string }[];
let options: DuckdbOptions;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-history-"));
  logged = [];
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  options = { directory, logger, retention: 1e12, now: () => T0 };
});
afterEach(() => rm(directory, { recursive: true }));

type Child = ChildProcessByStdio<null, Readable, null>;

function startWriter(): { child: Child; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [writer, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

async function kill(child: Child): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** How many samples of each container there are, from the first second to the last. */
async function storedSeconds(history: DuckdbHistory): Promise<number[][]> {
  const keys = (await history.containers(all)).map(({ key }) => key);
  const ask = { keys, ...all, stats: threads, summaries: ["avg"] as const };
  const series = await history.series(ask, 1000);
  return [...series.values()].map(({ values }) => values["threads"]!["avg"] as number[]);
}

describe("a history whose program is killed", () => {
  test.for([1, 40])(
    "after %i seconds opens with all that was safe, and nothing by halves",
    {
      timeout: 60_000,
    },
    async (count) => {
      const { child, lines } = startWriter();
      try {
        for (let second = 0; second < count; second++) {
          expect(await lines.next()).toMatchObject({ value: `stored ${second}` });
        }
      } finally {
        await kill(child);
      }
      const history = await openDuckdbHistory(options);
      const seconds = await storedSeconds(history);
      expect(seconds).toHaveLength(50);
      // The next transaction may have become safe without having said so; whole it is in any case.
      const stored = seconds[0]!.length;
      expect(stored).toBeGreaterThanOrEqual(count);
      const complete = Array.from({ length: stored }, (_, index) => index);
      for (const list of seconds) expect(list).toEqual(complete);
      expect(history.storedUntil.get("n")!.get("/c0")).toBe(T0 + (stored - 1) * 1000);
      // In the same transaction as the samples.
      expect(history.storedCursors).toEqual(new Map([["n", { run: "run1", tick: stored - 1 }]]));
      await history.close();
      expect(logged).toEqual([]);
    },
  );
});

describe("a folder that another program uses", () => {
  test("is refused, and its file is left alone", { timeout: 60_000 }, async () => {
    const { child, lines } = startWriter();
    try {
      await lines.next();
      const opening = openDuckdbHistory(options);
      await expect(opening).rejects.toThrow(ConfigError);
      await expect(opening).rejects.toThrow(
        /^history\.dir ".*": is in use by another program \(PID \d+\); give each aggregator its own folder$/,
      );
    } finally {
      await kill(child);
    }
    expect((await readdir(directory)).filter((name) => name.includes("unreadable"))).toEqual([]);
  });
});

describe("a file that can't be read", () => {
  for (const [what, content] of [
    ["a text", "this is not a database ".repeat(1000)],
    ["nothing", ""],
  ] as const) {
    test(`is set aside and named in one warning: ${what}`, async () => {
      await writeFile(join(directory, "history.duckdb"), content);
      const history = await openDuckdbHistory(options);
      history.append(everySecond("n", containerOf("/c"), T0, [{ threads: 1 }]));
      await history.flush();
      expect(await storedSeconds(history)).toEqual([[1]]);
      await history.close();
      expect(logged.map(({ msg }) => msg)).toEqual(["cannot read the history, a new one is begun"]);
      const aside = "history.duckdb.unreadable-20260101T000000Z";
      expect(logged[0]!.aside).toBe(join(directory, aside));
      expect((await readdir(directory)).toSorted()).toEqual(["history.duckdb", aside]);
    });
  }

  test("a folder that can't be made is the operator's to put right", async () => {
    await writeFile(join(directory, "file"), "");
    const opening = openDuckdbHistory({ ...options, directory: join(directory, "file", "sub") });
    await expect(opening).rejects.toThrow(/^history\.dir ".*": must be a folder that this program/);
    await expect(opening).rejects.toThrow(ConfigError);
  });
});
