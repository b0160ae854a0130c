import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Batch } from "../../../aggregator/model/batch.ts";
import { Intervals } from "../../../aggregator/sinks/influxdb/intervals.ts";
import type { Row } from "../../../aggregator/sinks/influxdb/node-interval.ts";
import { Passes } from "../../../aggregator/sinks/passes.ts";
import { ContainerSeries } from "../../../aggregator/sinks/remote-write/container-series.ts";
import { ParcelWriter } from "../../../aggregator/sinks/remote-write/parcel-writer.ts";
import type { SinkSettings } from "../../../aggregator/sinks/settings.ts";
import type { Delivery, Parcel } from "../../../aggregator/sinks/sink.ts";
import { Sinks } from "../../../aggregator/sinks/sinks.ts";
import { until } from "../../testbed/wait.ts";
import { containerOf, stretchOf } from "../fakes/samples.ts";
import { FakeSink } from "./fake-sink.ts";
import { decodeV1 } from "./remote-write/decode.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const STEP = 15_000;
const LAST = 80;
const times = { timeout: 20_000, wait: { least: 1, most: 5 }, farewell: 20_000 };

/** A pass takes so long that some lie across the end of a step. */
const containers = [
  { container: containerOf("/"), offset: 700 },
  { container: containerOf("/docker/web", { name: "web", runtime: "docker" }), offset: 1100 },
] as const;

/** Passes of node `n`, as its agent counts them. */
function passes(from: number, to: number): Batch {
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return containers.map(({ container, offset }) => {
    const samples = ticks.map((tick) => {
      const values = { memory_usage_bytes: tick * tick, cpu_cores: 0.5 };
      return [T0 + tick * 1000 + offset, 1000, values] as const;
    });
    const stretch = stretchOf("n", container, samples);
    return { ...stretch, ticks, until: { run: "run", tick: to } };
  });
}

/** A store of no protocol that gets what InfluxDB would. */
class HoldingRows extends FakeSink {
  readonly #intervals = new Intervals({
    clusterName: "lab",
    labels: new Set(),
    resolution: STEP,
    now: () => T0,
  });

  constructor() {
    super("one");
    this.heldSince = (node) => this.#intervals.heldSince(node);
  }

  override encode(delivery: Delivery): readonly Parcel[] {
    return delivery.kind === "samples" ? parcelsOf(this.#intervals.take(delivery.batch)) : [];
  }

  flush(): readonly Parcel[] {
    return parcelsOf(this.#intervals.flush());
  }

  rows(): string[] {
    return this.taken.flatMap((body) => body.trim().split("\n")).toSorted();
  }
}

/** Those of single nodes: of a sum over nodes a killed aggregator knows only that it is a part. */
function parcelsOf(rows: readonly Row[]): Parcel[] {
  const own = rows.filter(({ tags }) => JSON.stringify(tags).includes("nodename"));
  const lines = own.map(({ time, ...row }) => `${(time - T0) / 1000} ${JSON.stringify(row)}\n`);
  return lines.length === 0 ? [] : [{ body: Buffer.from(lines.join("")), points: lines.length }];
}

/** The same of what stores of remote write would. */
class HoldingSeries extends FakeSink {
  readonly #series = new ContainerSeries({ step: STEP, external: {}, rules: [] });
  readonly #writer = new ParcelWriter({ bytes: 1e9, samples: 1e9 });
  readonly #found: string[] = [];

  constructor() {
    super("one");
    this.heldSince = (node) => this.#series.heldSince(node);
  }

  override encode(delivery: Delivery): readonly Parcel[] {
    if (delivery.kind === "samples") this.#series.write(delivery.batch, T0, this.#writer);
    return this.#writer.finish();
  }

  override async send(bodies: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    await super.send(bodies, signal);
    for (const { labels, samples } of decodeV1(Buffer.concat(bodies))) {
      const { time, value } = samples[0]!;
      this.#found.push(`${(time - T0) / 1000} ${JSON.stringify(labels)} ${value}`);
    }
  }

  /** A point may come twice if it is the same, as the newest of a series may. */
  rows(): string[] {
    return [...new Set(this.#found)].toSorted();
  }
}

let directory: string;
let opened: Sinks[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-held-"));
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((sinks) => sinks.close()));
  await rm(directory, { recursive: true });
});

async function open(sink: FakeSink, folder: string): Promise<Sinks> {
  const settings = {
    "cluster.name": "lab",
    "queue.dir": join(directory, folder),
    "queue.max.bytes": 1e8,
    "queue.max.age": 1e9,
    // Of no kind but this test's own.
  } as SinkSettings;
  const clock = { now: () => T0, monotonic: () => performance.now() };
  const sinks = await Sinks.open(settings, {
    clock,
    logger: pino({ level: "silent" }),
    times,
    kinds: [async () => [sink]],
  });
  opened.push(sinks);
  return sinks;
}

const away = (): never => {
  throw new Error("away");
};

/** What the store has in the end, though the aggregator was killed after these passes. */
async function rowsAfter(
  make: () => HoldingRows | HoldingSeries,
  kills: readonly number[],
): Promise<string[]> {
  let next = 1;
  for (const [life, killed] of kills.entries()) {
    const sink = make();
    sink.answer = away;
    const sinks = await open(sink, `${kills.join()}-${life}`);
    // Of what an agent keeps a little more comes than was asked for.
    for (let from = Math.max(1, next - 40); next <= killed; from = ++next) {
      sinks.take({ kind: "samples", batch: passes(from, next) });
    }
    await sinks.flush();
    // As its disk is at this moment, whatever it would have done yet.
    const image = join(directory, `${kills.join()}-${life + 1}`, "one");
    await cp(join(directory, `${kills.join()}-${life}`, "one"), image, { recursive: true });
  }
  const sink = make();
  const sinks = await open(sink, `${kills.join()}-${kills.length}`);
  for (let from = Math.max(1, next - 40); next <= LAST; from = ++next) {
    sinks.take({ kind: "samples", batch: passes(from, next) });
  }
  await sinks.flush();
  await until("all is sent", () => sinks.states()[0]?.waitingPoints === 0);
  return sink.rows();
}

describe.each([
  ["rows of InfluxDB", () => new HoldingRows()],
  ["points of remote write", () => new HoldingSeries()],
] as const)("%s", (_, make) => {
  test("are the same whenever the aggregator was killed", { timeout: 60_000 }, async () => {
    const whole = await rowsAfter(make, []);
    expect(whole.length).toBeGreaterThan(8);
    // In the first step, within one, in the pass that lies across its end and around it, twice.
    for (const kills of [[3], [14], [22], [28, 31], [44, 45]]) {
      expect(await rowsAfter(make, kills), `killed after ${kills.join()}`).toEqual(whole);
    }
  });
});

test("what is held at an orderly end is sent as a part, and not handed in again", async () => {
  const [before, after] = [new HoldingRows(), new HoldingRows()];
  const first = await open(before, "queues");
  first.take({ kind: "samples", batch: passes(1, 20) });
  await first.flush();
  opened = [];
  await first.close();
  expect(before.rows().map((row) => Number.parseFloat(row))).toEqual([14.7, 14.7, 21.1, 21.1]);
  const second = await open(after, "queues");
  second.take({ kind: "samples", batch: passes(10, 31) });
  await second.flush();
  await until("all is sent", () => after.taken.length === 1);
  expect(after.rows().map((row) => Number.parseFloat(row))).toEqual([29.7, 29.7]);
});

describe("a mark of what is held", () => {
  const single = (tick: number, time: number, run = "run"): Batch => [
    {
      ...stretchOf("n", containerOf("/c"), [[time, 1000, {}]]),
      ticks: [tick],
      until: { run, tick },
    },
  ];

  test("is no older than what an agent keeps", () => {
    const all = new Passes();
    for (let tick = 1; tick <= 200; tick++) all.take(single(tick, T0 + tick * 1000));
    const mark = { time: T0 + 140_000, cursor: { run: "run", tick: 139 } };
    expect(all.before("n", T0)).toEqual(mark);
  });

  test("lies behind what was before the clock was set back", () => {
    const all = new Passes();
    for (const tick of [1, 2, 3]) all.take(single(tick, T0 + tick * 1000));
    for (const tick of [4, 5]) all.take(single(tick, T0 - 3_600_000 + tick * 1000));
    expect(all.before("n", T0 - 3_600_000)).toMatchObject({ cursor: { run: "run", tick: 3 } });
  });

  test("begins with the first pass of another life of the agent", () => {
    const all = new Passes();
    all.take(single(7, T0));
    all.take(single(1, T0 + 3000, "other"));
    expect(all.before("n", T0)).toMatchObject({ cursor: { run: "other", tick: 0 } });
  });
});
