import { lines, request, type Response } from "../../lib/http/client.ts";
import { statusMessage } from "../../lib/http/status-advice.ts";
import { FEED_CONTENT_TYPE } from "../../wire/feed.ts";
import type { Feed } from "../model/feed.ts";
import { askTarget, clockDifferenceOf, refuse, type Request } from "./ask-target.ts";
import { ScrapeError } from "./failure.ts";
import { parseFeed } from "./parse-feed.ts";

/** A feed, and how the node's clock differs from ours in milliseconds, if the answer tells. */
export type ReadFeedAnswer = Feed & { readonly clockDifference?: number };

/**
 * Asks an agent for everything since a cursor, or for all it has. Throws a ScrapeError that says
 * what is wrong.
 */
export type ReadFeed = (
  url: string,
  cursor: string | undefined,
  signal: AbortSignal,
) => Promise<ReadFeedAnswer>;

/** A minute of some ten thousand containers. */
const MOST_BYTES = 128 * 1024 * 1024;
/** A container's line: a minute of samples, and all the labels it may have. */
const LONGEST_LINE = 4 * 1024 * 1024;

/** Asks over HTTP; a whole answer may take `timeoutMs`. */
export function createReadFeed(
  timeoutMs: number,
  ask: Request = request,
  now: () => number = Date.now,
): ReadFeed {
  return (url, cursor, signal) => {
    const question = { url: feedUrl(url, cursor), timeoutMs, maxBytes: MOST_BYTES };
    return askTarget(ask, question, signal, async (response) => {
      await refuseOthers(response);
      const clockDifference = clockDifferenceOf(response, now());
      const feed = await parseFeed(lines(response, LONGEST_LINE));
      return {
        ...feed,
        ...(cursor === undefined ? {} : { since: cursor }),
        ...(clockDifference === undefined ? {} : { clockDifference }),
      };
    });
  };
}

function feedUrl(url: string, cursor: string | undefined): URL {
  const feed = new URL(`${url}/stats/feed`);
  if (cursor !== undefined) feed.searchParams.set("since", cursor);
  return feed;
}

/** Throws for what is no feed, as far as the head of the answer tells. */
async function refuseOthers(response: Response): Promise<void> {
  const type = response.headers["content-type"] ?? "nothing";
  const isFeed = type.split(";")[0]?.trim() === FEED_CONTENT_TYPE;
  if (response.status === 200 && isFeed) return;
  if (response.status !== 200) {
    await refuse(response, new ScrapeError("status", statusMessage(response.status)));
  }
  const message = `answers ${type}, which is no feed; is this an agent?`;
  await refuse(response, new ScrapeError("not_a_feed", message));
}
