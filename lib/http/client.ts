import type { IncomingHttpHeaders } from "node:http";

import { messageOf } from "../errors.ts";
import { patience } from "../patience.ts";
import { printableUrl } from "../printable-url.ts";
import { askTwice } from "./ask.ts";
import type { RequestOptions } from "./ask.ts";
import { readBody } from "./body.ts";

const newline = 0x0a;
const defaultLineBytes = 1_048_576;

/** An answer whose body is still to come; read it to its end or leave the loop, either frees it. */
export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. Throws `cannot GET …: cause` when it is cut off, too large or too slow. */
  readonly body: AsyncIterable<Buffer>;
}

/**
 * Asks over HTTP; any status is an answer, and redirects are not followed. Throws `cannot GET …: cause`,
 * with nothing secret of the URL in it.
 */
export async function request(url: string | URL, options: RequestOptions): Promise<Response> {
  const name = `${options.method ?? "GET"} ${printableUrl(String(url))}`;
  const ended = new AbortController();
  const cancel = deadline(options, ended);
  try {
    const message = await askTwice(new URL(url), options, ended.signal);
    const body = readBody(message, options.maxBytes, ended.signal);
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      body: explained(body, name, cancel),
    };
  } catch (error) {
    cancel();
    throw new Error(`cannot ${name}`, { cause: error });
  }
}

/** Aborts when the time is up or the caller says so; gives back what calls it off. */
function deadline(options: RequestOptions, ended: AbortController): () => void {
  const { signal, timeoutMs } = options;
  const late = new Error(`no whole answer within ${timeoutMs} ms`);
  const callOff = patience(timeoutMs, () => ended.abort(late));
  const stop = (): void => ended.abort(signal?.reason);
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  return () => {
    callOff();
    signal?.removeEventListener("abort", stop);
  };
}

/** A whole body as text. */
export async function readText(response: Response): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** A whole body read as JSON; throws `cannot read JSON: cause`. */
export async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`cannot read JSON: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * A body line by line, without line ends and without empty lines; throws when one is longer than
 * `maxLineBytes`.
 */
export async function* lines(
  response: Response,
  maxLineBytes: number = defaultLineBytes,
): AsyncGenerator<string> {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  for await (const chunk of response.body) {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(newline, start);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
      kept.push(piece);
      keptBytes += piece.length;
      if (keptBytes > maxLineBytes) {
        throw new Error(`cannot read a line of more than ${maxLineBytes} bytes`);
      }
      if (end === -1) break;
      const line = lineOf(kept);
      if (line !== "") yield line;
      kept = [];
      keptBytes = 0;
      start = end + 1;
    }
  }
  const last = lineOf(kept);
  if (last !== "") yield last;
}

function lineOf(pieces: readonly Buffer[]): string {
  const text = pieces.length === 1 ? pieces[0]?.toString("utf8") : Buffer.concat(pieces).toString();
  return (text ?? "").replace(/\r$/u, "");
}

async function* explained(
  body: AsyncIterable<Buffer>,
  name: string,
  finish: () => void,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw new Error(`cannot ${name}`, { cause: error });
  } finally {
    finish();
  }
}
