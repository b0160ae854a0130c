import { messageOf } from "../../lib/errors.ts";
import { request, type Response } from "../../lib/http/client.ts";
import { patience } from "../../lib/patience.ts";
import { ScrapeError } from "./failure.ts";

/** Asks somebody over HTTP: `request` of the client, or of a peer. */
export type Request = typeof request;

/** What to ask, and how much of an answer is taken. */
export interface Question {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The client's own patience, only there because it must have one; ours ends earlier. */
const SPARE_MS = 1000;

/** Made once, as thousands may be late at the same time. */
const LATE = new Error("the time is up");

/** Asks and reads; whatever goes wrong is a ScrapeError. */
export async function askTarget<T>(
  ask: Request,
  { url, timeoutMs, ...rest }: Question,
  signal: AbortSignal,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const callOff = patience(timeoutMs, () => late.abort(LATE));
  try {
    const response = await ask(url, {
      ...rest,
      timeoutMs: timeoutMs + SPARE_MS,
      signal: AbortSignal.any([signal, late.signal]),
    });
    return await read(response);
  } catch (error) {
    throw failureOf(error, late.signal.aborted ? timeoutMs : undefined);
  } finally {
    callOff();
  }
}

/** Throws for an answer that is refused by its head; its body is left. */
export async function refuse(response: Response, error: ScrapeError): Promise<never> {
  // To leave the body is what gives the connection free.
  for await (const _ of response.body) break;
  throw error;
}

/** Milliseconds by which the clock of whoever answered is ahead; undefined if it does not say. */
export function clockDifferenceOf({ headers }: Response, now: number): number | undefined {
  const date = Date.parse(headers.date ?? "");
  // The header has whole seconds, so on average it is half of one too early.
  return Number.isNaN(date) ? undefined : date + 500 - now;
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
