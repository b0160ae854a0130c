import { Refused, RetryLater } from "../sink.ts";

/** What the server said to a write. */
export interface WriteAnswer {
  readonly status: number;
  /** What its body says; empty if nothing. */
  readonly reason: string;
  /** Of its header. */
  readonly retryAfter: string | undefined;
}

/** Unless the server says when. */
const RETRY_MS = 5000;
const LONGEST_RETRY_MS = 60_000;

/** Whether the database or its retention policy has gone, so that it has to be made anew. */
export function isMissing({ status, reason }: WriteAnswer): boolean {
  return status === 404 || (status === 500 && reason.includes("retention policy not found"));
}

/** Whether the server does not know who asks, or does not let them. */
export function isUnauthorized({ status }: WriteAnswer): boolean {
  return status === 401 || status === 403;
}

/**
 * Throws unless the points are stored: `Refused` for what the server will never take, `RetryLater` where
 * it wants to be left alone, an Error where it is worth trying again.
 * https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint
 */
export function checkWritten(answer: WriteAnswer): void {
  const { status, reason, retryAfter } = answer;
  if (status >= 200 && status < 300) return;
  const said = `InfluxDB answers ${status}${reason === "" ? "" : `: ${reason}`}`;
  switch (status) {
    case 401:
    case 403:
      throw new Error(`${said}; check influx.username, its password or token, and its rights`);
    case 400:
    case 413:
    case 422:
      // Of a partial write everything else has been stored.
      throw new Refused(said);
    case 429:
    case 503:
      throw new RetryLater(said, delayOf(retryAfter));
    default:
      throw new Error(said);
  }
}

function delayOf(retryAfter: string | undefined): number {
  const seconds = Number(retryAfter);
  if (retryAfter === undefined || !(seconds > 0)) return RETRY_MS;
  return Math.min(LONGEST_RETRY_MS, seconds * 1000);
}

/** The reason in the body of an answer: JSON of any version of InfluxDB, or plain text. */
export function reasonIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) {
      for (const [key, value] of Object.entries(parsed)) {
        if ((key === "error" || key === "message") && typeof value === "string")
          return short(value);
      }
    }
  } catch {
    // Text, as proxies answer.
  }
  return short(body);
}

/** The server repeats whole lines of what it was sent. */
function short(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
