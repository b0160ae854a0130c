import { afterAll, beforeAll, expect, test } from "vitest";

import { describeWith } from "../testbed/describe-with.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { Dice, mishaps } from "./chaos.ts";
import { levelDifferences, type LevelSeries, readLevels } from "./level-sums.ts";
import { readRecorded, type Sampled } from "./sampled.ts";
import { differences, readStored, type Stored, storedKey } from "./stored.ts";
import {
  type Aggregator,
  containerMishaps,
  holdBurners,
  lineMishaps,
  programMishaps,
  Sites,
} from "./three-sites.ts";

const SECONDS = Number(process.env["PLIMSOLL_CHAOS_SECONDS"] ?? 60);
const SEED = Number(process.env["PLIMSOLL_CHAOS_SEED"] ?? Date.now() % 1_000_000);

interface Target {
  readonly node?: string;
  readonly state: string;
  readonly last_success?: string;
  readonly gap_seconds: number;
}

let sites: Sites;
/** The stores and what was sampled, once all is over; the second aggregator was never killed. */
let stored: Stored[][];
let sampled: Map<string, Sampled>;
let gapSeconds: Map<string, number>;
let levels: LevelSeries[];
/** The kernel's CPU of each burner, which stands still. */
let finalCpu: Map<string, number>;
/** Unix milliseconds. */
let endedAt = 0;

async function targets({ url }: Aggregator): Promise<readonly Target[]> {
  return (JSON.parse(await ask(`${url}/targets`)) as { targets: Target[] }).targets;
}

/** Waits until everything that was sampled up to a time has been fetched. */
async function settled(aggregator: Aggregator, time: number): Promise<void> {
  await until(
    "every agent to have told all",
    async () => {
      const all = await targets(aggregator);
      return all.every(
        ({ state, last_success }) => state === "up" && Date.parse(last_success ?? "") > time,
      );
    },
    { timeoutMs: 120_000, everyMs: 500, log: () => aggregator.program.stderr().slice(-3000) },
  );
}

async function wreak(): Promise<void> {
  const deadline = performance.now() + SECONDS * 1000;
  const dice = (salt: number): Dice => new Dice(SEED * 10 + salt);
  await Promise.all([
    mishaps(dice(1), deadline, [3000, 12_000], lineMishaps(sites)),
    mishaps(dice(2), deadline, [5000, 15_000], programMishaps(sites)),
    mishaps(dice(3), deadline, [1000, 6000], containerMishaps(sites)),
  ]);
}

/** Waits until all is fetched, asks what only a running aggregator tells, then reads the stores. */
async function conclude(begun: number): Promise<void> {
  const { aggregators, all, recorders } = sites;
  const steady = aggregators[1]!;
  for (const aggregator of aggregators) await settled(aggregator, endedAt + 1000);
  levels = await readLevels(steady.url, begun, endedAt);
  gapSeconds = new Map(
    (await targets(steady)).map(({ node, gap_seconds: gap }) => [node ?? "", gap]),
  );
  for (const { program } of aggregators) await program.close();
  for (const recorder of recorders) await recorder.close();
  sampled = new Map(all.flatMap(({ file }) => [...readRecorded(file)]));
  stored = await Promise.all(aggregators.map(({ folder }) => readStored(folder)));
}

describeWith(["network", "docker"], "three hosts of which nothing is certain", () => {
  beforeAll(
    async () => {
      // A run that fails is seen again with its seed.
      process.stdout.write(`three-hosts: PLIMSOLL_CHAOS_SEED=${SEED}\n`);
      sites = await Sites.open();
      const begun = Date.now();
      await wreak();
      finalCpu = await holdBurners(sites);
      await sleep(3000);
      endedAt = Date.now();
      await conclude(begun);
    },
    SECONDS * 1000 + 400_000,
  );

  afterAll(() => sites?.close());

  test("no sample is stored twice", () => {
    for (const rows of stored) expect(twice(rows.map(storedKey))).toEqual([]);
  });

  test("every sample is stored but the last ones of an agent that was killed", () => {
    for (const rows of stored) {
      const there = new Set(rows.map(storedKey));
      const reached = lastTicks(rows);
      const living = livesAtEnd();
      const missing = [...sampled].filter(([key, { run, tick, micros }]) => {
        if (there.has(key) || micros > endedAt * 1000) return false;
        return living.has(run) || tick <= (reached.get(run) ?? 0);
      });
      expect(missing.slice(0, 5)).toEqual([]);
    }
  });

  test("what is missing between two lives of an agent is what its target counts as a gap", () => {
    for (const { node } of sites.all) {
      const counted = gapSeconds.get(node) ?? Number.NaN;
      expect(Math.abs(counted - gapsOf(node, stored[1]!))).toBeLessThan(0.01);
    }
  });

  test("each rate is what the kernel's counter grew by", () => {
    let compared = 0;
    for (const row of stored.flat()) {
      const sample = sampled.get(storedKey(row));
      if (sample === undefined) continue;
      expect(row.memory).toBe(numberOrNull(sample.memory));
      if (Number.isNaN(sample.grown) || row.interval === null) continue;
      const grown = ((row.cores ?? Number.NaN) * row.interval) / 1000;
      expect(
        Math.abs(grown - sample.grown / 1e9),
        `${JSON.stringify(row)} ${JSON.stringify(sample)}`,
      ).toBeLessThanOrEqual(1e-6 * (sample.grown / 1e9) + 1e-12);
      compared++;
    }
    expect(compared).toBeGreaterThan(SECONDS * sites.all.length);
  });

  test("the burners' rates add up to the kernel's counters", () => {
    for (const rows of stored) {
      for (const [group, final] of finalCpu) {
        const own = rows.filter(
          (row) => `${row.node} ${row.cgroup}` === group && sampled.has(storedKey(row)),
        );
        const samples = own.map((row) => sampled.get(storedKey(row))!);
        expect(samples.at(-1)?.cpu).toBe(final);
        let [told, sum] = [0, 0];
        for (const [index, { cores, interval }] of own.entries()) {
          if (index === 0 || cores === null || interval === null) continue;
          sum += (cores * interval) / 1000;
          told += samples[index]!.cpu - samples[index - 1]!.cpu;
        }
        expect(Math.abs(sum / (told / 1e9) - 1)).toBeLessThan(1e-6);
        // Only the lives of agents break the sum.
        const unknown = own.filter(({ cores }) => cores === null).length;
        expect(unknown).toBe(new Set(samples.map(({ run }) => run)).size);
      }
    }
  });

  test("two aggregators have the same numbers", async () => {
    const [one, other] = sites.aggregators.map(({ folder }) => folder);
    expect(await differences(one!, other!)).toEqual([]);
  });

  test("the sums of every level are those of their members", () => {
    const { different, compared } = levelDifferences(levels, stored[1]!, members());
    expect(different.slice(0, 5)).toEqual([]);
    expect(compared.get("service")).toBeGreaterThan(10);
    expect(compared.get("node")).toBeGreaterThan(10);
    expect(compared.get("cluster")).toBeGreaterThan(10);
  });
});

function twice(keys: readonly string[]): string[] {
  const seen = new Set<string>();
  return keys.filter((key) => seen.size === seen.add(key).size).slice(0, 5);
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** The last pass of each life that the rows go to, all cgroups together. */
function lastTicks(rows: readonly Stored[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const row of rows) {
    const sample = sampled.get(storedKey(row));
    if (sample === undefined) continue;
    last.set(sample.run, Math.max(last.get(sample.run) ?? 0, sample.tick));
  }
  return last;
}

/** The lives of agents that were never ended. */
function livesAtEnd(): Set<string> {
  const last = new Map<string, string>();
  for (const { node, run } of sampled.values()) last.set(node, run);
  return new Set(last.values());
}

/** Seconds between the lives of a node's agent that have rows. */
function gapsOf(node: string, rows: readonly Stored[]): number {
  let run: string | undefined;
  let newest = Number.NaN;
  let gaps = 0;
  for (const row of rows) {
    if (row.node !== node) continue;
    const next = sampled.get(storedKey(row))?.run ?? run;
    const missing = row.micros / 1e6 - 1 - newest;
    if (run !== undefined && next !== run && missing > 0.5) gaps += missing;
    run = next;
    newest = row.micros / 1e6;
  }
  return gaps;
}

/** Who is added up, by level and name. */
function members(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>([["service shop/web", sites.webs]]);
  const roots = new Set(sites.all.map(({ node }) => `${node} /`));
  for (const { level, name } of levels) {
    if (level === "node") found.set(`node ${name}`, new Set([`${name} /`]));
    if (level === "cluster") found.set(`cluster ${name}`, roots);
  }
  return found;
}
