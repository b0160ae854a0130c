import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DuckDBInstance } from "@duckdb/node-api";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type DuckdbHistory, openDuckdbHistory } from "../../../aggregator/history/duckdb.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import { containerOf, everySecond } from "../fakes/samples.ts";
import { historyKeepsItsPromises } from "./conformance.ts";

const logger = pino({ level: "silent" });
const DAY = 86_400_000;
const T0 = Date.parse("2026-01-01T00:00:00Z");
const all = { start: 0, end: T0 * 2 };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-history-"));
});
afterEach(() => rm(directory, { recursive: true }));

function openAt(now: number): Promise<DuckdbHistory> {
  return openDuckdbHistory({ directory, logger, retention: 7 * DAY, now: () => now });
}

describe("a history in DuckDB", () => {
  historyKeepsItsPromises(async () => {
    let history = await openAt(T0);
    return {
      history,
      async reopen() {
        await history.close();
        history = await openAt(T0);
        return history;
      },
      remove: () => history.close(),
    };
  });

  test("keeps one entry of a container that is new and renamed in one write", async () => {
    const history = await openAt(T0);
    history.append(everySecond("n", containerOf("/a"), T0, [{ threads: 1 }]));
    const renamed = { ...containerOf("/a"), name: "renamed" };
    history.append(everySecond("n", renamed, T0 + 1000, [{ threads: 2 }]));
    await history.flush();
    await history.close();
    const again = await openAt(T0);
    expect((await again.containers(all)).map(({ container }) => container)).toEqual([renamed]);
    await again.close();
  });

  test("forgets what is older than the retention, and containers with nothing left", async () => {
    const history = await openAt(T0 + 8 * DAY);
    const [old, both, young] = [containerOf("/old"), containerOf("/both"), containerOf("/young")];
    history.append(everySecond("n", old, T0, [{ threads: 1 }]));
    history.append(everySecond("n", both, T0, [{ threads: 2 }]));
    history.append(everySecond("n", both, T0 + 2 * DAY, [{ threads: 3 }]));
    history.append(everySecond("n", young, T0 + DAY, [{ threads: 4 }]));
    await history.flush();
    await history.forget();
    const left = await history.containers(all);
    expect(left.map(({ container }) => container.id).toSorted()).toEqual(["/both", "/young"]);
    const ask = { ...all, stats: allStats, summaries: ["min"] as const };
    const totals = await history.totals({ ...ask, keys: left.map(({ key }) => key) });
    const least = [...totals.values()].map(({ window }) => window["threads"]?.["min"]);
    expect(new Set(least)).toEqual(new Set([3, 4]));
    // One that comes back is taken in again.
    history.append(everySecond("n", old, T0 + 8 * DAY, [{ threads: 5 }]));
    await history.flush();
    expect(await history.containers(all)).toHaveLength(3);
    await history.close();
  });

  test("gets a column for a new statistic, and leaves those of another version alone", async () => {
    const before = await openAt(T0);
    before.append(everySecond("n", containerOf("/c"), T0, [{ threads: 1, cpu_cores: 1 }]));
    await before.close();
    const file = join(directory, "history.duckdb");
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run("ALTER TABLE samples DROP COLUMN threads");
    await connection.run("ALTER TABLE samples ADD COLUMN from_the_future DOUBLE");
    connection.closeSync();
    instance.closeSync();

    const history = await openAt(T0);
    const values = { threads: 7, oom_kills: 3 };
    history.append(everySecond("n", containerOf("/c"), T0 + 1000, [values]));
    await history.flush();
    const [known] = await history.containers(all);
    const ask = { ...all, keys: [known!.key], stats: allStats, summaries: ["max"] as const };
    const [series] = (await history.series(ask, 1000)).values();
    expect(series?.values).toEqual({
      cpu_cores: { max: [1, null] },
      oom_kills: { max: [null, 3] },
      threads: { max: [null, 7] },
    });
    await history.close();
  });

  test("knows how far each node's samples go, even if the clock of another one ran ahead", async () => {
    const before = await openAt(T0);
    const [web, old] = [containerOf("/web"), containerOf("/old")];
    before.append(everySecond("right", old, T0 - 2 * DAY, [{ threads: 1 }]));
    before.append(everySecond("right", web, T0, [{ threads: 1 }]));
    before.append(everySecond("ahead", web, T0 + 30 * DAY, [{ threads: 1 }]));
    await before.close();
    const history = await openAt(T0);
    expect(history.storedUntil).toEqual(
      new Map([
        ["right", new Map([["/web", T0]])],
        ["ahead", new Map([["/web", T0 + 30 * DAY]])],
      ]),
    );
    await history.close();
  });

  test.for([1e25, 9e18, Number.NaN])(
    "drops a sample of the time %d, and nothing else with it",
    async (time) => {
      const history = await openAt(T0);
      const container = containerOf("/c");
      history.append(everySecond("good", container, T0, [{ threads: 1 }]));
      history.append(everySecond("bad", container, time, [{ threads: 1 }]));
      history.append(everySecond("good", container, T0 + 1000, [{ threads: 2 }]));
      await history.flush();
      const state = history.state();
      expect(state).toMatchObject({ queued: 0, stored: 2, lost: 1 });
      expect(state).not.toHaveProperty("trouble");
      await history.close();
    },
  );

  test("refuses at once a folder that can't be made", async () => {
    for (const path of ["/proc/nope", "/proc/nope/deeper"]) {
      const options = { directory: path, logger, retention: DAY, now: () => T0 };
      await expect(openDuckdbHistory(options)).rejects.toThrow(
        `history.dir "${path}": must be a folder`,
      );
    }
  });

  test("makes the folders above its own", async () => {
    const deep = join(directory, "a", "b", "c");
    const options = { directory: deep, logger, retention: DAY, now: () => T0 };
    await (await openDuckdbHistory(options)).close();
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
  });

  test("is for nobody else to read", async () => {
    await rm(directory, { recursive: true });
    const history = await openAt(T0);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await history.close();
  });
});
