import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

import { pino } from "pino";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Cluster } from "../../../aggregator/model/cluster.ts";
import { createScrapeCounters } from "../../../aggregator/scrape/counters.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import type { TargetState } from "../../../aggregator/scrape/target-state.ts";
import { Targets } from "../../../aggregator/scrape/targets.ts";
import { systemClock } from "../../../lib/clock.ts";
import { until } from "../../testbed/wait.ts";
import { jobOf, targetOf } from "../fakes/targets.ts";

const MEGABYTE = 1024 * 1024;
/** All pages together. */
const MEMORY = 16 * MEGABYTE;

/** What somebody answers, and what comes of it. */
interface Case {
  readonly answer: (response: ServerResponse) => void;
  /** Why it is refused; taken in if left out. */
  readonly refused?: string;
  /** `NAME VALUE` of what is taken in. */
  readonly series?: readonly string[];
  readonly note?: string;
  /** Its job's `body_size_limit`; the 64 MB that count without one take a loaded machine long. */
  readonly bodyLimit?: number;
}

/** Writes the same for ever, as fast as it is read. */
function endless(response: ServerResponse, piece: string): void {
  const write = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on("drain", write);
  write();
}

const text = (page: string) => (response: ServerResponse) => void response.end(page);
const typed = (type: string, page: string) => (response: ServerResponse) =>
  void response.writeHead(200, { "content-type": type }).end(page);
const series = (count: number, length: number): string =>
  Array.from({ length: count }, (_, n) => `a{b="${n}${"x".repeat(length)}"} 1\n`).join("");

const cases: Readonly<Record<string, Case>> = {
  "a good page": { answer: text("a 1\n"), series: ["a 1"] },
  "nothing at all": { answer: text(""), series: [] },
  "lines that are none": {
    answer: text('a 1\nb{c="d} 2\ne\nf 1 2 3\n{}\ng 1\n'),
    series: ["a 1", "g 1"],
    note: "4 lines are malformed",
  },
  "series twice": { answer: text('a{b="c",d="e"} 1\na{d="e",b="c"} 2\n'), series: ["a 1"] },
  "labels twice": {
    answer: text('a{b="c",b="d"} 1\nb 1\n'),
    series: ["b 1"],
    note: "1 lines are malformed",
  },
  "what is no number, and no end": {
    answer: text("a NaN\nb +Inf\nc -Inf\nd 1e400\n"),
    series: ["a NaN", "b Infinity", "c -Infinity"],
    note: "1 lines are malformed",
  },
  "times of 1970 and 2100": { answer: text("a 1 0\nb 1 4102444800000\nc 1\n"), series: ["c 1"] },
  "a label of more than 1 MB": {
    answer: text(`a{b="${"x".repeat(2 * MEGABYTE)}"} 1\nc 1\n`),
    series: ["c 1"],
    note: "1 lines are malformed",
  },
  "labels of 900 kB that fit": {
    answer: text(`a{b="${"x".repeat(900_000)}"} 1\n`),
    series: ["a 1"],
  },
  "series beyond the memory": { answer: text(series(40, 500_000)), refused: "memory" },
  "a body of 100 MB": {
    answer: (response) => {
      response.writeHead(200, { "content-length": 100 * MEGABYTE });
      endless(response, `# ${"x".repeat(64 * 1024)}\n`);
    },
    refused: "too_large",
  },
  "a body without an end": {
    answer: (response) => endless(response, `# ${"x".repeat(64 * 1024)}\n`),
    bodyLimit: MEGABYTE,
    refused: "too_large",
  },
  "a line without an end": {
    answer: (response) => endless(response, "x".repeat(64 * 1024)),
    bodyLimit: MEGABYTE,
    refused: "too_large",
  },
  "a bomb": {
    answer: (response) =>
      void response
        .writeHead(200, { "content-encoding": "gzip" })
        .end(gzipSync(Buffer.alloc(80 * MEGABYTE, "#\n"))),
    bodyLimit: MEGABYTE,
    refused: "too_large",
  },
  "what is not packed as it says": {
    answer: (response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("a 1\n"),
    refused: "unreachable",
  },
  "a page of HTML": { answer: typed("text/html", "<p>a 1</p>"), refused: "not_a_page" },
  JSON: { answer: typed("application/json", '{"a":1}'), refused: "not_a_page" },
  "an unknown type": { answer: typed("application/x-metrics", "a 1\n"), series: ["a 1"] },
  prose: { answer: text("What do you want here?\n"), refused: "not_a_page" },
  "OpenMetrics without an end": {
    answer: typed("application/openmetrics-text", "a 1\n"),
    refused: "cut",
  },
  "an error": {
    answer: (response) => void response.writeHead(500).end("a 1\n"),
    refused: "status",
  },
  "nothing after the head": {
    answer: (response) => {
      response.writeHead(200);
      response.flushHeaders();
    },
    refused: "timeout",
  },
  "an end in the middle": {
    answer: (response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("a 1\n", () => response.destroy());
    },
    refused: "unreachable",
  },
};

const names = Object.keys(cases);
const store = new SeriesStore(MEMORY);
const targets = new Targets({
  cluster: new Cluster(),
  send: () => undefined,
  deliver: () => undefined,
  free: () => Number.POSITIVE_INFINITY,
  counters: createScrapeCounters(new Registry()),
  clock: systemClock,
  logger: pino({ level: "silent" }),
  series: store,
});
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    const number = Number(request.url?.slice(1));
    cases[names[number] ?? ""]?.answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { limits } = jobOf();
  targets.set(
    Object.values(cases).map(({ refused, bodyLimit: bodyBytes = 0 }, number) => {
      const scrapeTimeout = refused === "timeout" ? 1000 : 60_000;
      const more = { scrapeInterval: 120_000, scrapeTimeout, limits: { ...limits, bodyBytes } };
      return targetOf(`http://127.0.0.1:${port}/${number}`, jobOf(more));
    }),
  );
  const isAsked = ({ health }: TargetState): boolean => health !== "unknown";
  await until("all to be asked", () => targets.states().every(isAsked), { timeoutMs: 100_000 });
}, 110_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await targets.close();
});

describe("of all that may come at once", () => {
  test.each(Object.entries(cases).map(([name, wanted], number) => ({ name, number, wanted })))(
    "$name",
    ({ number, wanted }) => {
      const state = targets.states()[number];
      expect(state?.error?.reason).toBe(wanted.refused);
      expect(state?.note).toBe(wanted.refused === undefined ? wanted.note : undefined);
      const kept = [...store.samples(0)]
        .filter(({ target }) => target.url.endsWith(`/${number}`))
        .map(({ sample: { labels, value } }) => `${labels["__name__"]} ${value}`);
      const own = kept.filter((line) => !/^(?:up|scrape_)/u.test(line));
      expect(own).toEqual(wanted.series ?? []);
      expect(kept).toContain(`up ${Number(wanted.refused === undefined)}`);
      const hits = ["too_large", "memory"].includes(wanted.refused ?? "") ? 1 : 0;
      expect(state?.limitHits).toBe(hits);
    },
  );

  test("no more is kept than may be", () => {
    expect(store.bytes).toBeLessThanOrEqual(MEMORY);
  });
});
