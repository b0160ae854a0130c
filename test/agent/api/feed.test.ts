import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { feed } from "../../../agent/api/feed.ts";
import type { Feed } from "../../../aggregator/model/feed.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import type { SampledKernel } from "../sampled-kernel.ts";
import { serveFakeKernel } from "./served.ts";

let kernel: SampledKernel;

beforeEach(async () => {
  kernel = await serveFakeKernel([feed]);
});

afterEach(() => kernel.close());

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.trimEnd().split("\n");
}

/** What the aggregator makes of an answer. */
async function ask(cursor?: string): Promise<Feed> {
  const query = cursor === undefined ? "" : `?since=${encodeURIComponent(cursor)}`;
  return parseFeed(linesOf(await kernel.ask(`/stats/feed${query}`)));
}

const samplesIn = ({ lines }: Feed): number =>
  Math.max(0, ...lines.map(({ ticks }) => ticks.length));

describe("the feed", () => {
  it("without a cursor tells everything, and from when on", async () => {
    const all = await ask();
    expect(samplesIn(all)).toBe(2);
    expect(all.head).toMatchObject({
      cursor: "0-2",
      oldest: "0-0",
      complete: true,
      from: Date.parse("2026-11-21T06:15:30Z"),
    });
    expect(all.head.columns.toSorted()).toEqual(allMetrics.map(({ name }) => name).toSorted());
  });

  it("goes on where the last answer ended", async () => {
    const { head } = await ask();
    const nothing = await ask(head.cursor);
    expect([nothing.lines, nothing.head.complete]).toEqual([[], true]);
    await kernel.pass();
    const next = await ask(head.cursor);
    expect(samplesIn(next)).toBe(1);
    expect(next.head).toMatchObject({ cursor: "0-3", complete: true });
    expect(next.lines.every(({ container }) => container === undefined)).toBe(true);
  });

  it("says so when the cursor is older than the window", async () => {
    for (let second = 0; second < 65; second++) await kernel.pass();
    const { head, lines } = await ask("0-2");
    expect(head).toMatchObject({
      cursor: "0-67",
      oldest: "0-6",
      complete: false,
      from: Date.parse("2026-11-21T06:15:36Z"),
    });
    // Its reader may have let go of who they are.
    expect(lines.every(({ container }) => container !== undefined)).toBe(true);
    expect((await ask(head.oldest)).head.complete).toBe(true);
  });

  it.each(["1-2", "0-3", "0-99999999999999999999999999"])(
    "tells everything for %s, which is of another run or has not been, and says that more is missing",
    async (cursor) => {
      const answer = await ask(cursor);
      expect(samplesIn(answer)).toBe(2);
      expect(answer.head.complete).toBe(false);
    },
  );

  it.each(["garbage", "0", "0-", "-2", "0-2x", "0--2", "0-1.5", "0-2\n", "%00"])(
    "refuses %j by the parameter's name",
    async (cursor) => {
      const url = `/stats/feed?since=${encodeURIComponent(cursor)}`;
      const { statusCode, body } = await kernel.app.inject({ url });
      expect([statusCode, (JSON.parse(body) as { message: string }).message]).toEqual([
        400,
        `since: ${JSON.stringify(cursor).includes("\\") ? `"${cursor}"` : JSON.stringify(cursor)} is not a cursor of the feed`,
      ]);
    },
  );

  it("refuses what is too long, given twice or unknown", async () => {
    const messages = await Promise.all(
      [`since=${"9".repeat(10_000)}`, "since=0-1&since=0-2", "sinc=0-1"].map(async (query) => {
        const { statusCode, body } = await kernel.app.inject({ url: `/stats/feed?${query}` });
        return `${statusCode} ${(JSON.parse(body) as { message: string }).message}`;
      }),
    );
    expect(messages).toEqual([
      '400 query parameter "since" must have at most 100 characters',
      '400 query parameter "since" must be given only once',
      '400 query parameter "sinc" is unknown; did you mean "since"?',
    ]);
  });
});
