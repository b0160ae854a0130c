import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../lib/errors.ts";
import { follow, type Message, NotAStream } from "../../lib/http/event-source.ts";
import { listAt, textAt } from "../../lib/json-at.ts";
import type { Event } from "../../wire/events/event.ts";
import { parseEvent } from "../../wire/events/parse.ts";
import {
  addressOf,
  askEvents,
  askSeries,
  askStats,
  askWindow,
  probe,
  type Server,
  STATS_QUERY,
} from "./ask.ts";
import type { Action } from "./reduce.ts";
import type { Row } from "./row.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const LISTED_EVENTS = 500;
const EVENTS_OF_ONE = 50;
/** Some ten thousand containers at once. */
const LONGEST_MESSAGE = 256 * 1024 * 1024;

/** What a source is about. */
export interface SourceOptions {
  /** The server as it was found at the start. */
  readonly server: Server;
  /** Milliseconds between two questions, where there is no stream. */
  readonly intervalMs: number;
  readonly take: (action: Action) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Tells what is new on a server, goes on by itself when the server is away and comes back. */
export class Source {
  readonly #options: SourceOptions;
  readonly #stop = new AbortController();
  #server: Server;
  #pause = FIRST_PAUSE_MS;
  #isLost = false;
  /** Whether the window before the first answer, or before the next one after a loss, was asked for. */
  #hasWindow = false;
  #lastEvent = "";

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#server = options.server;
  }

  /** Begins; what comes is told one by one. */
  open(): void {
    void this.#runStats();
    void this.#runEvents();
  }

  close(): void {
    this.#stop.abort();
  }

  /** Asks for the window and the events of one container. What is not answered stays as it is. */
  async lookAt(row: Row): Promise<void> {
    const { signal } = this.#stop;
    const { take } = this.#options;
    const asked = { row, limit: EVENTS_OF_ONE };
    await Promise.all([
      askSeries(this.#server, row, signal).then(
        (answer) => take({ kind: "series", answer }),
        () => undefined,
      ),
      askEvents(this.#server, asked, signal).then(
        (answer) => take({ kind: "detail_events", key: row.key, events: ownEvents(answer, row) }),
        () => take({ kind: "detail_events", key: row.key, events: [] }),
      ),
    ]);
  }

  async #runStats(): Promise<void> {
    const { signal } = this.#stop;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        // Another program may listen there by now.
        // oxlint-disable-next-line no-await-in-loop
        if (!isFirst) this.#server = await probe(this.#server.ask, this.#server.url, signal);
        // oxlint-disable-next-line no-await-in-loop
        await (this.#server.isStream ? this.#follow() : this.#poll());
      } catch (error) {
        this.#lose(error);
      }
      // oxlint-disable-next-line no-await-in-loop
      await this.#rest();
    }
  }

  async #follow(): Promise<void> {
    await follow(addressOf(this.#server.url, "/stats", STATS_QUERY), {
      ask: this.#server.ask,
      lastId: "",
      longestMessage: LONGEST_MESSAGE,
      signal: this.#stop.signal,
      take: ({ event, data }) => {
        const value: unknown = JSON.parse(data);
        if (event === "snapshot") this.#answered({ kind: "answer", answer: value });
        if (event === "update") this.#answered({ kind: "update", update: value });
      },
    });
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    let etag: string | undefined;
    while (!signal.aborted) {
      const began = performance.now();
      // oxlint-disable-next-line no-await-in-loop
      const told = await askStats(this.#server, signal, etag);
      if (told !== undefined) {
        etag = told.etag;
        this.#answered({ kind: "answer", answer: told.answer });
      }
      const left = this.#options.intervalMs - (performance.now() - began);
      // oxlint-disable-next-line no-await-in-loop
      await sleep(Math.max(FIRST_PAUSE_MS / 2, left), undefined, { signal });
    }
  }

  /** Something was told: whoever was away is back. */
  #answered(action: Action): void {
    const { take } = this.#options;
    this.#pause = FIRST_PAUSE_MS;
    if (this.#isLost) take({ kind: "connection", connection: { kind: "live" } });
    this.#isLost = false;
    take(action);
    if (!this.#hasWindow) void this.#askWindow();
    this.#hasWindow = true;
  }

  /** What was before we came, or while nobody answered. */
  async #askWindow(): Promise<void> {
    try {
      const answer = await askWindow(this.#server, this.#stop.signal);
      this.#options.take({ kind: "series", answer });
    } catch {
      // Then the curves begin now.
    }
  }

  #lose(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    const { take, now } = this.#options;
    if (!this.#isLost) {
      const cause = messageOf(error);
      take({ kind: "connection", connection: { kind: "lost", since: now(), cause } });
    }
    this.#isLost = true;
    this.#hasWindow = false;
  }

  async #rest(): Promise<void> {
    await sleep(this.#pause, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  /** Events are extra: without them the rest goes on. */
  async #runEvents(): Promise<void> {
    const { signal } = this.#stop;
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await this.#followEvents(() => (pause = FIRST_PAUSE_MS));
      } catch (error) {
        // Who has no events will not have any later.
        if (error instanceof NotAStream && error.status === 404) return;
      }
      // oxlint-disable-next-line no-await-in-loop
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  async #followEvents(opened: () => void): Promise<void> {
    const { url } = this.#server;
    const { signal } = this.#stop;
    if (this.#lastEvent === "") {
      const list = await askEvents(this.#server, { limit: LISTED_EVENTS }, signal);
      this.#lastEvent = textAt(list, "newest");
      this.#options.take({ kind: "events", events: eventsOf(list) });
    }
    await follow(addressOf(url, "/events", { stream: "1" }), {
      ask: this.#server.ask,
      lastId: this.#lastEvent,
      signal,
      opened,
      take: (message) => this.#takeEvent(message),
    });
  }

  #takeEvent({ id, data }: Message): void {
    if (id !== "") this.#lastEvent = id;
    const event = parseEvent(data);
    if (event !== undefined) this.#options.take({ kind: "events", events: [event] });
  }
}

function eventsOf(list: unknown): Event[] {
  return listAt(list, "events").flatMap((entry) => parseEvent(JSON.stringify(entry)) ?? []);
}

/** Two nodes may have containers of one path. */
function ownEvents(list: unknown, { node }: Row): Event[] {
  return eventsOf(list).filter((event) => event.node === "" || event.node === node);
}
