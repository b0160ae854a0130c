import http from "node:http";
import https from "node:https";

import { lines, request, type Response } from "../../../lib/http/client.ts";
import { isRecord } from "../../../lib/record.ts";
import type { Server } from "./endpoint.ts";
import { EngineError } from "./engine-error.ts";
import { explainTls, readTls } from "./tls.ts";

/** An answer that takes longer will not come. */
const CALL_TIMEOUT_MS = 10_000;

/** The most that Node's timers can wait, 24 days: the signal and the connection's end rule. */
const LONGEST_MS = 2 ** 31 - 1;

/** One event; the labels of its container are all in it. */
const MOST_LINE_BYTES = 4_194_304;

/** Of what the engine says of an error. */
const MOST_ERROR_BYTES = 4096;

/** An HTTP client of one connection with an engine, over its socket or TCP. */
export class EngineClient {
  readonly #origin: string;
  readonly #agent: http.Agent;
  /** What is under way. */
  readonly #calls: Set<AbortController> = new Set();
  #isClosed = false;

  /**
   * @param where the path of a socket, or a server, whose files for TLS are read now
   * @throws ConfigError if these cannot be used
   */
  constructor(where: string | Server) {
    // Few, as a burst of questions soon is over; alive, as an engine that is gone may say nothing.
    const kept = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 1 };
    if (typeof where === "string") {
      this.#origin = "http://localhost";
      this.#agent = new http.Agent({ ...kept, ...socketOptions(where) });
    } else {
      this.#origin = where.origin;
      this.#agent =
        where.tls === undefined
          ? new http.Agent(kept)
          : new https.Agent({ ...kept, ...readTls(where.tls) });
    }
  }

  /** Ends all connections; what is under way fails. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls)
      call.abort(new EngineError("closed", "the connection is closed"));
    this.#agent.destroy();
  }

  /** Asks, and reads the answer as JSON. @throws EngineError, or what the connection fails with */
  async ask(path: string, maxBytes: number): Promise<unknown> {
    const call = this.#begin();
    const timer = setTimeout(() => call.abort(noAnswer(path)), CALL_TIMEOUT_MS);
    try {
      const response = await this.#get(path, call.signal);
      const text = await textOf(response, maxBytes, path);
      if (response.status !== 200) throw refused(response.status, text, path);
      return parseJson(text, path);
    } finally {
      clearTimeout(timer);
      this.#calls.delete(call);
    }
  }

  /** Opens a stream of lines. It ends when the engine ends it, and fails when this client is closed. */
  async follow(path: string): Promise<AsyncIterable<string>> {
    const response = await this.#get(path, this.#begin().signal);
    if (response.status === 200) return lines(response, MOST_LINE_BYTES);
    const text = await textOf(response, MOST_ERROR_BYTES, path);
    throw refused(response.status, text, path);
  }

  #begin(): AbortController {
    if (this.#isClosed) throw new EngineError("closed", "the connection is closed");
    const call = new AbortController();
    this.#calls.add(call);
    return call;
  }

  async #get(path: string, signal: AbortSignal): Promise<Response> {
    try {
      return await request(`${this.#origin}${path}`, {
        timeoutMs: LONGEST_MS,
        connectTimeoutMs: CALL_TIMEOUT_MS,
        maxBytes: Number.POSITIVE_INFINITY,
        headers: { "accept-encoding": "identity" },
        agent: this.#agent,
        signal,
      });
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      const explained = explainTls(cause);
      if (explained !== undefined) throw new EngineError("tls", explained);
      throw cause ?? error;
    }
  }
}

/** Node passes an agent's options on to `net.connect`, though its types do not say so. */
function socketOptions(socketPath: string): object {
  return { socketPath };
}

function noAnswer(path: string): EngineError {
  return new EngineError("timeout", `cannot get ${pathOf(path)}: no whole answer in time`);
}

/** Without the filters, which are long. */
function pathOf(path: string): string {
  return path.replace(/\?.*/, "");
}

async function textOf(response: Response, maxBytes: number, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
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
function refused(status: number, text: string, path: string): EngineError {
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
