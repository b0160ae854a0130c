import { isRecord } from "../../lib/record.ts";
import { FEED_VERSION, type FeedContainer, type FeedHead } from "../../wire/feed.ts";
import type { Feed } from "../model/feed.ts";
import { ScrapeError } from "./failure.ts";
import { checkHead, checkLine } from "./feed-schema.ts";

/**
 * Understands a feed's lines. Nothing of a feed that has no end counts: a ScrapeError says what is
 * wrong with it.
 */
export async function parseFeed(lines: AsyncIterable<string>): Promise<Feed> {
  let head: FeedHead | undefined;
  const containers: FeedContainer[] = [];
  let isWhole = false;
  for await (const text of lines) {
    // Read on to the end of the answer, or its connection could not be used again.
    if (isWhole) continue;
    const value = parseLine(text, head !== undefined);
    if (head === undefined) head = parseHead(value);
    else if (isRecord(value) && value["end"] === true) isWhole = true;
    else containers.push(checkLine(value));
  }
  if (head !== undefined && isWhole) return { head, lines: containers };
  throw new ScrapeError("cut", "the answer ends before its last line");
}

function parseLine(text: string, begunWell: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (begunWell) throw new ScrapeError("cut", "the answer breaks off in a line", { cause });
    throw new ScrapeError("not_a_feed", "a line of the answer is not JSON", { cause });
  }
}

/** The version first: the head of another one may look different. */
function parseHead(value: unknown): FeedHead {
  const version = isRecord(value) ? value["feed"] : undefined;
  if (typeof version === "number" && version !== FEED_VERSION) {
    throw new ScrapeError(
      "version",
      `the agent speaks version ${version} of the feed, this aggregator version ${FEED_VERSION}; run the same release of both`,
    );
  }
  return checkHead(value);
}
