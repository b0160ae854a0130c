import type { FastifyReply } from "fastify";

import type { EventLog } from "../../../wire/events/log.ts";
import { RestError } from "./errors.ts";
import { encodeEvent, type EventRequest } from "./events.ts";
import { encodeGo } from "./go-json.ts";

/** A stream that stands still is cut off by the server; an empty line is nothing to who reads JSON. */
const LIVE_MS = 10_000;

/** So many at a time. */
const MOST_STREAMS = 100;

/** Who takes nothing is not waited for: so much is held back for a reader, then it is cut off. */
const MOST_WAITING = 256 * 1024;

/** The streams of events: each event to everybody who wants it, as a line of JSON, until they leave. */
export class EventStreams {
  readonly #log: EventLog;
  readonly #open: Set<() => void> = new Set();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Answers with a stream. @throws RestError if there are too many */
  add(reply: FastifyReply, request: EventRequest): FastifyReply {
    if (this.#open.size >= MOST_STREAMS) throw new RestError("too many streams", 503);
    void reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      "content-type": "application/json",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    raw.flushHeaders();
    const write = (line: string): void => {
      raw.write(line);
      if (raw.writableLength > MOST_WAITING) raw.destroy();
    };
    const end = (): void => {
      raw.end();
    };
    const unsubscribe = this.#log.subscribe(({ event }) => {
      for (const one of encodeEvent(event, request)) write(`${encodeGo(one)}\n`);
    });
    const timer = setInterval(() => write("\n"), LIVE_MS);
    this.#open.add(end);
    raw.on("error", () => undefined);
    raw.once("close", () => {
      clearInterval(timer);
      unsubscribe();
      this.#open.delete(end);
    });
    return reply;
  }

  /** Ends all. */
  close(): void {
    for (const end of this.#open) end();
  }
}
