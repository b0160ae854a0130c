import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { ScrapeError } from "../../../aggregator/scrape/failure.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { FakeNode } from "../fakes/agent.ts";
import { containerOf } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines;
}

/** What parsing comes to: `ok` or the reason and the message. */
async function outcome(lines: readonly string[]): Promise<string> {
  try {
    await parseFeed(each(lines));
    return "ok";
  } catch (error) {
    if (error instanceof ScrapeError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

describe("a feed", () => {
  let good: string[];
  beforeEach(() => {
    const node = new FakeNode("n1", T0);
    node.add(containerOf("/a"), (tick) => ({ threads: tick }));
    node.add(containerOf("/b", { network_mode: "container:c" }), (tick) => ({ threads: tick }));
    node.pass(3);
    good = node.feed(undefined);
  });

  /** The good feed with some fields of a line changed. */
  function changed(index: number, fields: object): string[] {
    const line = JSON.parse(good[index]!) as object;
    return good.with(index, JSON.stringify({ ...line, ...fields }));
  }

  test("is understood as a whole", async () => {
    const feed = await parseFeed(each(good));
    expect(feed.head.node).toBe("n1");
    expect(feed.lines.map(({ id }) => id)).toEqual(["/a", "/b"]);
    expect(feed.lines.map(({ container }) => container?.network_mode)).toEqual([
      undefined,
      "container:c",
    ]);
  });

  test("is read to its very end, so that the connection can be used again", async () => {
    let isEnded = false;
    async function* watched(): AsyncIterable<string> {
      yield* good;
      isEnded = true;
    }
    await parseFeed(watched());
    expect(isEnded).toBe(true);
  });

  test("cut off after any line is refused as a whole", async () => {
    for (let length = 0; length < good.length; length++) {
      expect(await outcome(good.slice(0, length))).toBe(
        "cut: the answer ends before its last line",
      );
    }
  });

  test("cut off within a line is refused", async () => {
    const half = good.with(2, good[2]!.slice(0, 30)).slice(0, 3);
    expect(await outcome(half)).toBe("cut: the answer breaks off in a line");
  });

  test("of another version is refused before anything else in it is looked at", async () => {
    const other = [JSON.stringify({ feed: 2, everything: "else" }), ...good.slice(1)];
    expect(await outcome(other)).toBe(
      "version: the agent speaks version 2 of the feed, this aggregator version 1; run the same release of both",
    );
  });

  test("may say more than we know", async () => {
    expect(await outcome(changed(0, { more: 1 }))).toBe("ok");
    expect(await outcome(changed(1, { more: 1 }))).toBe("ok");
  });

  test("that is none is refused", async () => {
    expect(await outcome(["<!doctype html>"])).toMatch(/^not_a_feed: /);
    for (const value of [null, 1, "text", [], {}, { feed: "1" }, { end: true }]) {
      expect(await outcome([JSON.stringify(value)])).toMatch(/^not_a_feed: /);
    }
  });

  test.for([
    [0, { node: "" }],
    [0, { node: 7 }],
    [0, { cursor: undefined }],
    [0, { interval_seconds: 0 }],
    [0, { machine: null }],
    [1, { id: "" }],
    [1, { ticks: [1, 2] }],
    [1, { times: "now" }],
    [1, { intervals: [1, 2, "3"] }],
    [1, { values: [[1, 2]] }],
    [1, { values: {} }],
    [1, { container: { id: "/a", name: "a" } }],
    [1, { container: { ...containerOf("/a"), labels: { a: 1 } } }],
    [1, { gone: "yes" }],
    [1, { gone: 1e25 }],
    [1, { gone: -1 }],
    [1, { ticks: [1, 0.5, 1] }],
    [1, { ticks: [Number.MAX_SAFE_INTEGER, 1, 1] }],
    [1, { times: [1e25, 1, 1] }],
    [1, { times: [9e18, 1, 1] }],
    [1, { times: [T0 * 1000, 1e6, 9e15] }],
    [1, { times: [1e6, 1e6, 1e6] }],
    [1, { times: [null, null, null] }],
    [1, { intervals: [null, -1, 1] }],
    [1, { intervals: [null, 1e25, 1] }],
  ] as const)("with line %i changed to %o is refused", async ([index, fields]) => {
    expect(await outcome(changed(index, fields))).toMatch(/^not_a_feed: /);
  });

  test("says of which container the times are impossible, and what would do", async () => {
    expect(await outcome(changed(2, { times: [1e6, 1e6, 1e6] }))).toBe(
      "not_a_feed: /b: its times are not of the years 2000 to 2199; set the node's clock",
    );
  });

  test("with any line replaced by anything is refused or understood, and never a surprise", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.jsonValue(), async (index, value) => {
        const result = await outcome(good.with(index, JSON.stringify(value)));
        expect(result).toMatch(/^(ok|not_a_feed: .*|version: .*|cut: .*)$/);
      }),
    );
  });
});
