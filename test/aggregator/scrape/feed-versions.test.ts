import { readFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { Cluster } from "../../../aggregator/model/cluster.ts";
import type { Feed } from "../../../aggregator/model/feed.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { decodeSamples, mapColumns } from "../../../wire/feed.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import { containerStats } from "../../../wire/stats/answer.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";

/** Of the first agents, recorded while `busy` ran a little each second and `idle` slept. */
const recorded = await readFile(new URL("../../fixtures/feed-v1.ndjson", import.meta.url), "utf8");

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.trimEnd().split("\n");
}

const read = (text: string): Promise<Feed> => parseFeed(linesOf(text));

/** The recorded feed with every object of it changed. */
function changed(change: (line: Record<string, unknown>) => Record<string, unknown>): string {
  const lines = recorded.trimEnd().split("\n");
  return lines
    .map((line) => `${JSON.stringify(change(JSON.parse(line) as Record<string, unknown>))}\n`)
    .join("");
}

it("what the first agents wrote is understood", async () => {
  const feed = await read(recorded);
  expect(feed.head).toMatchObject({ feed: 1, node: "host-1" });
  // They did not say so yet.
  expect(feed.head.complete).toBeUndefined();
  const cluster = new Cluster();
  const applied = cluster.apply(feed, Date.parse("2026-11-21T08:52:30Z"));
  expect(applied.samples).toBe(12);
  const now = Date.parse("2026-11-21T08:52:30Z");
  const busy = [...cluster.subjects(now)].find(({ container }) => container.name === "/shop/busy");
  const { latest } = containerStats(busy!, parseStatsQuery({}));
  expect(latest["cpu_cores"]).toBeCloseTo(1026716 / 1e9 / 0.989962, 9);
  expect(latest["memory_usage_bytes"]).toBe(204_800);
});

it("what later agents may add is passed over", async () => {
  const more = changed((line) => ({ ...line, added: { later: [1, 2] }, another: null }));
  const { head, lines } = await read(more);
  const plain = await read(recorded);
  expect(head.columns).toEqual(plain.head.columns);
  expect(lines.map(({ values }) => values)).toEqual(plain.lines.map(({ values }) => values));
});

it("columns in another order, unknown ones and missing ones are found by their names", async () => {
  const plain = await read(recorded);
  const turned = changed((line) => {
    if (Array.isArray(line["columns"])) {
      return { ...line, columns: ["new_column", ...(line["columns"] as string[]).toReversed()] };
    }
    if (!Array.isArray(line["values"])) return line;
    // Without its first column, which is the last now.
    const values = (line["values"] as unknown[]).toReversed().slice(0, -1);
    return { ...line, values: [[1, 2, 3, 4], ...values] };
  });
  const { head, lines } = await read(turned);
  const names = allMetrics.map(({ name }) => name);
  const rowsOf = (feed: Feed, place: number): number[][] =>
    decodeSamples(feed.lines[place]!, mapColumns(feed.head.columns, names), names.length).rows.map(
      (row) => [...row],
    );
  for (const place of lines.keys()) {
    const withoutFirst = rowsOf(plain, place).map(([, ...row]) => [Number.NaN, ...row]);
    expect(rowsOf({ head, lines }, place)).toEqual(withoutFirst);
  }
});

it("a version that would be misread is refused by its number", async () => {
  const other = changed((line) => ("feed" in line ? { ...line, feed: 2 } : line));
  await expect(read(other)).rejects.toThrow("the agent speaks version 2 of the feed");
});
