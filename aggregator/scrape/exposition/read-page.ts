import type { Response } from "../../../lib/http/client.ts";
import { statusMessage } from "../../../lib/http/status-advice.ts";
import { Slice } from "../../../lib/slice.ts";
import { version } from "../../../lib/version.ts";
import { ExpositionParser } from "../../../wire/exposition/parse.ts";
import type { Target } from "../../jobs/target.ts";
import { askTarget, clockDifferenceOf, refuse, type Request } from "../ask-target.ts";
import { ScrapeError } from "../failure.ts";
import type { SeriesPage } from "../series/scraped.ts";
import { ACCEPT, formatOf } from "./negotiate.ts";
import { type DropCause, type PageContext, PageReader } from "./page-reader.ts";

/** Of a body that no limit of its job ends; unpacked. */
const MOST_BYTES = 64 * 1024 * 1024;

/** How OpenMetrics ends, and nothing but an end of line behind it. */
const LAST_LINE = /(?:^|\n)# EOF\r?\n?$/;

/** A page that was read to its end. */
export interface ReadPage {
  readonly page: SeriesPage;
  readonly dropped: Readonly<Record<DropCause, number>>;
  readonly clockDifference?: number;
}

/** Asks a target for its page. Throws a ScrapeError that says what is wrong. */
export function readPage(
  ask: Request,
  context: PageContext,
  signal: AbortSignal,
): Promise<ReadPage> {
  const { target } = context;
  const { scrapeTimeout: timeoutMs } = target;
  const question = {
    url: new URL(target.url),
    timeoutMs,
    maxBytes: target.job.limits.bodyBytes || MOST_BYTES,
    headers: headersFor(target),
  };
  return askTarget(ask, question, signal, (response) => read(response, context));
}

function headersFor({ scrapeTimeout }: Target): Record<string, string> {
  return {
    accept: ACCEPT,
    "user-agent": `Plimsoll/${version}`,
    "x-prometheus-scrape-timeout-seconds": String(scrapeTimeout / 1000),
  };
}

async function read(response: Response, context: PageContext): Promise<ReadPage> {
  if (response.status !== 200) {
    return refuse(response, new ScrapeError("status", statusMessage(response.status)));
  }
  const type = response.headers["content-type"];
  const format = formatOf(type);
  if (format === undefined) {
    const message = `answers ${type ?? "nothing"}, which is no page of metrics`;
    return refuse(response, new ScrapeError("not_a_page", message));
  }
  const clockDifference = clockDifferenceOf(response, context.time);
  const reader = new PageReader(context);
  const parser = new ExpositionParser(format, reader);
  const tail = await parseAll(response, parser);
  if (format === "openmetrics" && !LAST_LINE.test(tail)) {
    throw new ScrapeError("cut", "the page ends before its last line, # EOF");
  }
  return {
    page: reader.page(),
    dropped: reader.dropped,
    ...(clockDifference === undefined ? {} : { clockDifference }),
  };
}

/** Reads to the end; answers the last few characters. */
async function parseAll(response: Response, parser: ExpositionParser): Promise<string> {
  const decoder = new TextDecoder();
  const slice = new Slice();
  let tail = "";
  const take = (text: string): void => {
    parser.push(text);
    tail = (tail + text.slice(-16)).slice(-16);
  };
  for await (const chunk of response.body) {
    take(decoder.decode(chunk, { stream: true }));
    if (slice.isOver()) await slice.next();
  }
  take(decoder.decode());
  // As Prometheus reads it, the last line needs no end.
  if (!tail.endsWith("\n")) parser.push("\n");
  parser.end();
  return tail;
}
