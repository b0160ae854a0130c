import http from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import https from "node:https";

import { patience } from "../patience.ts";

/** How to ask, and how much patience and room there is for the answer. */
export interface RequestOptions {
  /** For everything: name, connection, answer and its body. */
  readonly timeoutMs: number;
  /** For the body, after unpacking. */
  readonly maxBytes: number;
  /** For the connection alone; 5 s or timeoutMs, whichever is less. */
  readonly connectTimeoutMs?: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Holds the connections, and what is special to them such as a CA; kept-alive ones by default. */
  readonly agent?: http.Agent;
}

const plainAgent = new http.Agent({ keepAlive: true });
const secureAgent = new https.Agent({ keepAlive: true });

/**
 * A kept connection may have been closed over there just as it was taken up again. That says nothing
 * about the server, so what is safe to repeat is asked once more.
 */
export async function askTwice(
  url: URL,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const first = open(url, options, signal);
  try {
    return await answerOf(first, options, signal);
  } catch (error) {
    const repeatable = options.method === undefined || options.method === "GET";
    if (!first.reusedSocket || !repeatable || signal.aborted) throw error;
    return answerOf(open(url, options, signal), options, signal);
  }
}

function open(url: URL, options: RequestOptions, signal: AbortSignal): ClientRequest {
  signal.throwIfAborted();
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") throw new Error(`${url.protocol} is not http or https`);
  return (secure ? https : http).request(url, {
    agent: options.agent ?? (secure ? secureAgent : plainAgent),
    method: options.method ?? "GET",
    headers: { "accept-encoding": "gzip", ...options.headers },
  });
}

async function answerOf(
  asking: ClientRequest,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const stop = (): void => void asking.destroy(asError(signal.reason));
  signal.addEventListener("abort", stop, { once: true });
  const cancel = limitConnecting(asking, options);
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      // Stays, so that an error after the answer's head, which its body reports, is nobody's surprise.
      asking.on("error", reject);
      asking.once("response", resolve);
      asking.end(options.body);
    });
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}

function limitConnecting(asking: ClientRequest, options: RequestOptions): () => void {
  const limitMs = Math.min(options.connectTimeoutMs ?? 5000, options.timeoutMs);
  const connected = patience(limitMs, () => {
    asking.destroy(new Error(`no connection within ${limitMs} ms`));
  });
  asking.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", connected);
    else connected();
  });
  return connected;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("called off");
}
