import { describe, expect, test } from "vitest";

import { configuredJobs } from "../../../aggregator/jobs/configured.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import { keyOf, type SeriesSample } from "../../../aggregator/scrape/series/scraped.ts";
import type { Delivery, Sink } from "../../../aggregator/sinks/sink.ts";
import type { Event } from "../../../wire/events/event.ts";
import { containerOf, everySecond } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");

/** Texts that some protocol gives a meaning to, or that are no texts everywhere. */
const ODD_TEXTS = [
  "",
  " ",
  ",",
  "=",
  '"',
  "\\",
  "\n",
  "\r",
  "\0",
  "é",
  "😀",
  "\u{d800}",
  "a".repeat(70_000),
];
const ODD_NUMBERS = [Number.NaN, Infinity, -Infinity, -0, 1e308, 5e-324, 2 ** 53 + 2, -1];

const [job] = configuredJobs({
  agents: ["a:8180"],
  scrape_interval: 15,
  scrape_timeout: 10,
  global: undefined,
  scrape_configs: undefined,
});

const target: Target = {
  job: job!,
  url: "http://a:8180/metrics",
  labels: { job: "agents", instance: "a:8180" },
  discoveredLabels: {},
  scrapeInterval: 15_000,
  scrapeTimeout: 10_000,
};

/** A batch of one node whose container has a name; a sample each second. */
function samplesOf(name: string, values: readonly number[], start: number = T0): Delivery {
  const container = containerOf(`/docker/${name}`, { name, labels: { [name]: name } });
  const rows = values.map((value) => ({ cpu_cores: value, threads: value }));
  return { kind: "samples", batch: everySecond("n", container, start, rows) };
}

/** An event about a container with a name. */
function eventOf(name: string, id = "00000000a-0000001"): Event {
  const subject = { id: `/docker/${name}`, name, labels: { [name]: name }, groups: {} };
  const time = new Date(T0).toISOString();
  return { id, time, node: "n", type: "died", container: subject, details: { exit_code: 1 } };
}

/** A scrape with one series for each value. */
export function seriesOf(name: string, values: readonly number[]): Delivery {
  const series = new Map<string, SeriesSample>();
  for (const [index, value] of values.entries()) {
    const labels = { __name__: "some_value", name, index: String(index) };
    series.set(keyOf(labels), { labels, value, time: T0, isTimed: false });
  }
  return { kind: "series", scraped: { target, time: T0, series, stale: [] } };
}

function oddDeliveries(): Delivery[] {
  return [
    ...ODD_TEXTS.flatMap((text): Delivery[] => [
      samplesOf(text, [1, 2]),
      { kind: "events", events: [eventOf(text)] },
      seriesOf(text, [1]),
    ]),
    samplesOf("odd", ODD_NUMBERS),
    seriesOf("odd", ODD_NUMBERS),
    { kind: "samples", batch: everySecond("n", containerOf("/"), Number.MAX_SAFE_INTEGER, [{}]) },
    { kind: "samples", batch: everySecond("", containerOf(""), Number.NaN, [{ threads: 1 }]) },
  ];
}

const emptyDeliveries: readonly Delivery[] = [
  { kind: "samples", batch: [] },
  { kind: "samples", batch: everySecond("n", containerOf("/docker/none"), T0, []) },
  { kind: "events", events: [] },
  { kind: "series", scraped: { target, time: T0, series: new Map(), stale: [] } },
];

/**
 * What the queue relies on, whatever a sink's protocol is. `open` gives a sink of which nothing has
 * to answer: nothing is sent here, but to a signal that is aborted already.
 */
export function describeSink(what: string, open: () => Promise<Sink>): void {
  describe(`${what}, as every sink`, () => {
    async function withSink(work: (sink: Sink) => Promise<void> | void): Promise<void> {
      const sink = await open();
      try {
        await work(sink);
      } finally {
        await sink.close();
      }
    }

    test("has a name that can be a folder's, and takes something", () =>
      withSink(({ name, takes, mostBytes }) => {
        expect(name).toMatch(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,99}$/u);
        expect(takes.length).toBeGreaterThan(0);
        expect(mostBytes).toBeGreaterThan(0);
      }));

    test("encodes nothing where there is nothing", () =>
      withSink((sink) => {
        for (const delivery of emptyDeliveries) expect(sink.encode(delivery)).toEqual([]);
      }));

    test("never throws over what it is handed", () =>
      withSink((sink) => {
        for (const delivery of oddDeliveries()) {
          for (const { body, points } of sink.encode(delivery)) {
            expect(body.length).toBeGreaterThan(0);
            expect(Number.isSafeInteger(points) && points > 0).toBe(true);
          }
        }
      }));

    test("writes only of the kinds that it takes", () =>
      withSink((sink) => {
        for (const delivery of oddDeliveries()) {
          if (!sink.takes.includes(delivery.kind)) expect(sink.encode(delivery)).toEqual([]);
        }
      }));

    test("makes parcels that are not much larger than it asks for", () =>
      withSink((sink) => {
        const values = Array.from({ length: 20_000 }, (_, index) => index / 7);
        const events = values.map((_, index) => eventOf(`c${index}`));
        const large: Delivery[] = [
          samplesOf("large", values),
          seriesOf("large", values),
          { kind: "events", events },
        ];
        for (const { body, points } of large.flatMap((delivery) => sink.encode(delivery))) {
          expect(points === 1 || body.length <= 2 * sink.mostBytes).toBe(true);
        }
      }));

    test("gives up a request when it is told to", () =>
      withSink(async (sink) => {
        const parcels = [samplesOf("web", [1, 2]), seriesOf("web", [1])].flatMap((delivery) =>
          sink.encode(delivery),
        );
        const body = parcels[0]?.body ?? new Uint8Array([10]);
        await expect(sink.send([body], AbortSignal.abort())).rejects.toThrow();
      }));
  });
}
