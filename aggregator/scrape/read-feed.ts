import { messageOf } from "../../lib/errors.ts";
import { lines, request, type Response } from "../../lib/http/client.ts";
import { FEED_CONTENT_TYPE } from "../../wire/feed.ts";
import type { Feed } from "../model/feed.ts";
import { ScrapeError } from "./failure.ts";
import { parseFeed } from "./parse-feed.ts";

/**
 * Asks an agent for everything since a cursor, or for all it has. Throws a ScrapeError that says
 * what is wrong.
 */
export type ReadFeed = (
  url: string,
  cursor: string | undefined,
  signal: AbortSignal,
) => Promise<Feed>;

/** A minute of some ten thousand containers. */
const MOST_BYTES = 128 * 1024 * 1024;
/** A container's line: a minute of samples, and all the labels it may have. */
const LONGEST_LINE = 4 * 1024 * 1024;
/** The client's own patience, only there because it must have one; ours ends earlier. */
const SPARE_MS = 1000;

/** Asks over HTTP; a whole answer may take `timeoutMs`. */
export function createReadFeed(timeoutMs: number): ReadFeed {
  return async (url, cursor, signal) => {
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(feedUrl(url, cursor), {
        timeoutMs: timeoutMs + SPARE_MS,
        maxBytes: MOST_BYTES,
        signal: AbortSignal.any([signal, late]),
      });
      await refuseOthers(response);
      return await parseFeed(lines(response, LONGEST_LINE));
    } catch (error) {
      throw failureOf(error, late.aborted ? timeoutMs : undefined);
    }
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
  // To leave the body is what gives the connection free.
  for await (const _ of response.body) break;
  if (response.status !== 200) {
    throw new ScrapeError("status", `answers with status ${response.status}`);
  }
  throw new ScrapeError("not_a_feed", `answers ${type}, which is no feed; is this an agent?`);
}

function failureOf(error: unknown, late: number | undefined): unknown {
  if (error instanceof ScrapeError) return error;
  const cause = { cause: error };
  if (late !== undefined) {
    return new ScrapeError("timeout", `no whole answer within ${late / 1000} s`, cause);
  }
  const message = messageOf(error);
  const isTooLarge = /larger than \d+ bytes|line of more than \d+ bytes/.test(message);
  return new ScrapeError(isTooLarge ? "too_large" : "unreachable", message, cause);
}
