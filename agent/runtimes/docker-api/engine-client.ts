import type { IncomingMessage } from "node:http";

import { lines } from "../../../lib/http/client.ts";
import { isRecord } from "../../../lib/record.ts";
import type { Server } from "./endpoint.ts";
import { EngineError } from "./engine-error.ts";
import { pathOf, Transport } from "./transport.ts";

/** An answer that takes longer will not come. */
const CALL_TIMEOUT_MS = 10_000;

/** One event; the labels of its container are all in it. */
const MOST_LINE_BYTES = 4_194_304;

/** Of what the engine says of an error. */
const MOST_ERROR_BYTES = 4096;

/** A client of one connection with an engine, over its socket or TCP. What it reads is bounded. */
export class EngineClient {
  readonly #transport: Transport;
  /** What is under way. */
  readonly #calls: Set<AbortController> = new Set();
  #isClosed = false;

  /**
   * @param where the path of a socket, or a server, whose files for TLS are read now
   * @throws ConfigError if these cannot be used
   */
  constructor(where: string | Server) {
    this.#transport = new Transport(where);
  }

  /** Ends all connections; what is under way fails. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls)
      call.abort(new EngineError("closed", "the connection is closed"));
    this.#transport.close();
  }

  /** Asks, and reads the answer as JSON. @throws EngineError, or what the connection fails with */
  async ask(path: string, maxBytes: number): Promise<unknown> {
    const call = this.#begin();
    const timer = setTimeout(() => call.abort(noAnswer(path)), CALL_TIMEOUT_MS);
    try {
      const answer = await this.#transport.get(path, call.signal);
      const text = await textOf(answer, maxBytes, path, call.signal);
      if (answer.statusCode !== 200) throw refused(answer.statusCode, text, path);
      return parseJson(text, path);
    } finally {
      clearTimeout(timer);
      this.#calls.delete(call);
    }
  }

  /** Opens a stream of lines. It ends when the engine ends it, and fails when this client is closed. */
  async follow(path: string): Promise<AsyncIterable<string>> {
    const call = this.#begin();
    try {
      const answer = await this.#transport.get(path, call.signal);
      const { statusCode: status = 0, headers } = answer;
      if (status === 200) {
        return lines({ status, headers, body: bodyOf(answer, call.signal) }, MOST_LINE_BYTES);
      }
      throw refused(status, await textOf(answer, MOST_ERROR_BYTES, path, call.signal), path);
    } catch (error) {
      this.#calls.delete(call);
      throw error;
    }
  }

  #begin(): AbortController {
    if (this.#isClosed) throw new EngineError("closed", "the connection is closed");
    const call = new AbortController();
    this.#calls.add(call);
    return call;
  }
}

function noAnswer(path: string): EngineError {
  return new EngineError("timeout", `cannot get ${pathOf(path)}: no whole answer in time`);
}

/** The pieces of an answer. It fails with what the signal is given with, where Node says "aborted". */
async function* bodyOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  // Even before somebody reads it, its end is nobody's surprise.
  answer.on("error", () => undefined);
  try {
    yield* answer;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

async function textOf(
  answer: IncomingMessage,
  maxBytes: number,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(answer, signal)) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const words = `cannot get ${pathOf(path)}: the answer is larger than ${maxBytes} bytes`;
      throw new EngineError("too_large", words);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError("malformed", `cannot get ${pathOf(path)}: the answer is no JSON`, {
      cause,
    });
  }
}

/** Docker and Podman say what is wrong in `message`. */
function refused(status: number | undefined, text: string, path: string): EngineError {
  // What every server written in Go says.
  if (status === 400 && text.includes("HTTP request to an HTTPS server")) {
    return new EngineError("tls", "docker.tls: the engine speaks nothing but TLS on this port");
  }
  let message = "";
  try {
    const answer: unknown = JSON.parse(text);
    if (isRecord(answer) && typeof answer["message"] === "string") message = answer["message"];
  } catch {
    // A proxy's page of HTML.
  }
  const told = message === "" ? "" : `: ${message.slice(0, 200)}`;
  const words = `cannot get ${pathOf(path)}: it answers ${status}${told}`;
  return new EngineError(`http_${status}`, words);
}
