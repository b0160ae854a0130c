import type { IncomingHttpHeaders } from "node:http";

import type { Response } from "../../../lib/http/client.ts";
import type { Peer } from "../../../lib/http/peer.ts";
import { printableUrl } from "../../../lib/printable-url.ts";
import { version } from "../../../lib/version.ts";
import { Refused, RetryLater } from "../sink.ts";
import { MESSAGES, type MessageName } from "./messages.ts";

/** Of what a store says to a bad request only so much is read, and of that one line shown. */
const MOST_READ = 4096;
const LONGEST_SHOWN = 300;

/** However long a store asks to be left alone. Milliseconds. */
const LONGEST_PAUSE = 10 * 60_000;

/**
 * Says nothing of the samples, but of who sends them and where to: it is for the operator to put
 * right, and until then they wait.
 */
const ABOUT_THE_SENDER: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408]);

/** How a store is spoken to. */
export interface PostOptions {
  readonly peer: Peer;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly retryOn429: boolean;
}

/** What a store has answered. */
export interface Answer {
  readonly status: number;
  /** Whether it counts what it has written, as who speaks 2.0 must. */
  readonly counts: boolean;
  readonly headers: IncomingHttpHeaders;
  /** The first line of what it says to a bad request. */
  readonly text: string;
}

/** Posts a body that is packed already; any answer is one. Throws Error if there is none. */
export async function post(
  { peer, url, headers, timeout }: PostOptions,
  message: MessageName,
  packed: Uint8Array,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await peer.request(url, {
    method: "POST",
    headers: {
      ...headers,
      ...MESSAGES[message],
      "content-encoding": "snappy",
      "user-agent": `plimsoll/${version}`,
    },
    body: Buffer.from(packed.buffer, packed.byteOffset, packed.length),
    timeoutMs: timeout,
    maxBytes: Number.MAX_SAFE_INTEGER,
    signal,
  });
  const names = Object.keys(response.headers);
  return {
    status: response.status,
    counts: names.some((name) => /^x-prometheus-remote-write-\w+-written$/u.test(name)),
    headers: response.headers,
    text: await firstLine(response),
  };
}

/**
 * What an answer means for what was sent: nothing if the store has it. Throws Refused, RetryLater or
 * Error as a sink does.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/#retries--backoff
 */
export function judge(
  { status, headers, text }: Answer,
  { url, retryOn429 }: Pick<PostOptions, "url" | "retryOn429">,
  now: number,
): void {
  if (status >= 200 && status < 300) return;
  const said = text === "" ? "" : `: ${text}`;
  const message = `cannot write to ${printableUrl(url)}: status ${status}${said}`;
  const isRetried = status >= 500 || ABOUT_THE_SENDER.has(status) || (status === 429 && retryOn429);
  // Redirects that are not followed are for the operator, too.
  if (!isRetried && status >= 400) throw new Refused(message);
  const pause = pauseOf(headers["retry-after"], now);
  throw pause === undefined ? new Error(message) : new RetryLater(message, pause);
}

/** Milliseconds; seconds or a date. https://www.rfc-editor.org/rfc/rfc9110.html#name-retry-after */
function pauseOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const pause = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(pause) ? undefined : Math.min(Math.max(pause, 0), LONGEST_PAUSE);
}

async function firstLine({ body }: Response): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      // To leave the body is what gives the connection free.
      if (bytes >= MOST_READ) break;
    }
  } catch {
    // The status says enough.
    return "";
  }
  const text = Buffer.concat(chunks).subarray(0, MOST_READ).toString("utf8").trim();
  const [line = ""] = text.split(/[\r\n]/u);
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
}
