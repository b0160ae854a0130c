import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../lib/errors.ts";
import type { RequestOptions } from "../lib/http/ask.ts";
import { readJson } from "../lib/http/client.ts";
import { follow, type Message } from "../lib/http/event-source.ts";
import { peerOf } from "../lib/http/login-options.ts";
import { openPeer, type Peer } from "../lib/http/peer.ts";
import { listAt, textAt } from "../lib/json-at.ts";
import type { Part } from "../lib/lifecycle.ts";
import type { Logger } from "../lib/log.ts";
import { parseEvent } from "../wire/events/parse.ts";
import { eventLine } from "./event-line.ts";
import { type EventQuestion, parseQuestion } from "./event-question.ts";
import type { EventsConfig } from "./events-options.ts";

/** What the command runs in. */
export interface EventsSurroundings {
  readonly logger: Logger;
  /** Writes a line, and waits while its reader takes none. */
  readonly write: (line: string) => Promise<void>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Tried where no address is given: the aggregator, which knows more, and the agent. */
const DEFAULT_URLS = ["http://127.0.0.1:8182", "http://127.0.0.1:8180"] as const;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
/** What happened just before the end may take so long to be told. */
const GRACE_MS = 1000;
const LIST_MS = 60_000;
const LIST_BYTES = 512 * 1024 * 1024;
/** As much as `/events` gives at a time. */
const MOST_LISTED = "100000";
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Writes what has happened and follows what happens, until `until` or until it is closed. Resolves
 * when it has begun; throws if nobody answers, or what was asked for can't be.
 */
export async function followEvents(
  config: EventsConfig,
  surroundings: EventsSurroundings,
): Promise<Part> {
  const question = parseQuestion(config, surroundings.now());
  const following = new Following(question, config, surroundings);
  await following.begin(config.url === undefined ? DEFAULT_URLS : [config.url]);
  return following;
}

class Following implements Part {
  readonly #question: EventQuestion;
  readonly #format: EventsConfig["format"];
  readonly #peer: Peer;
  readonly #surroundings: EventsSurroundings;
  readonly #stop = new AbortController();
  #lastId = "";
  #pause = FIRST_PAUSE_MS;
  #isTrouble = false;

  constructor(question: EventQuestion, config: EventsConfig, surroundings: EventsSurroundings) {
    this.#question = question;
    this.#format = config.format;
    this.#peer = openPeer(peerOf(config));
    this.#surroundings = surroundings;
  }

  /** Begins with the first of these that answers. */
  async begin(urls: readonly string[]): Promise<void> {
    const causes: string[] = [];
    for (const url of urls.map((given) => given.replace(/\/+$/u, ""))) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await this.#begin(url);
        return;
      } catch (error) {
        causes.push(messageOf(error));
      }
    }
    throw new Error(
      `cannot follow events; name an aggregator or an agent by --url: ${causes.join("; ")}`,
    );
  }

  close(): void {
    this.#stop.abort();
    this.#peer.close();
  }

  async #begin(url: string): Promise<void> {
    const { since, until } = this.#question;
    const now = this.#surroundings.now();
    if (until !== undefined && until <= now) {
      for (const event of listAt(await this.#list(url, MOST_LISTED), "events")) {
        // oxlint-disable-next-line no-await-in-loop
        await this.#write(JSON.stringify(event));
      }
      return;
    }
    // What happens while a connection is broken is told afterwards, from here on.
    const newest = textAt(await this.#list(url, "1"), "newest");
    if (since === undefined) this.#lastId = newest;
    if (until !== undefined) {
      const left = Math.min(until - now + GRACE_MS, LONGEST_TIMER_MS);
      setTimeout(() => this.close(), left).unref();
    }
    void this.#run(url);
  }

  async #list(url: string, limit: string): Promise<unknown> {
    const response = await this.#peer.request(this.#address(url, { stream: "0", limit }), {
      timeoutMs: LIST_MS,
      maxBytes: LIST_BYTES,
      headers: { accept: "application/json" },
      signal: this.#stop.signal,
    });
    const answer = await readJson(response);
    if (response.status === 200) return answer;
    throw new Error(`${url} answers ${response.status}: ${textAt(answer, "message")}`);
  }

  #address(url: string, more: Readonly<Record<string, string>>): URL {
    const address = new URL(`${url}/events`);
    address.search = this.#question.filters.toString();
    const { since, until } = this.#question;
    if (since !== undefined) address.searchParams.set("since", new Date(since).toISOString());
    if (until !== undefined) address.searchParams.set("until", new Date(until).toISOString());
    for (const [name, value] of Object.entries(more)) address.searchParams.set(name, value);
    return address;
  }

  async #run(url: string): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const options = {
        ask: (to: string | URL, how: RequestOptions) => this.#peer.request(to, how),
        lastId: this.#lastId,
        signal,
        opened: (): void => this.#opened(),
        take: (message: Message) => this.#take(message),
      };
      // oxlint-disable-next-line no-await-in-loop
      await follow(this.#address(url, { stream: "1" }), options).catch((error: unknown) =>
        this.#say(error),
      );
      // oxlint-disable-next-line no-await-in-loop
      await sleep(this.#pause, undefined, { signal }).catch(() => undefined);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    }
  }

  #opened(): void {
    this.#pause = FIRST_PAUSE_MS;
    if (this.#isTrouble) this.#surroundings.logger.warn("events are followed again");
    this.#isTrouble = false;
  }

  async #take({ event, id, data }: Message): Promise<void> {
    if (event === "gap") this.#surroundings.logger.warn("some events are not kept any more");
    else await this.#write(data);
    if (id !== "") this.#lastId = id;
  }

  async #write(text: string): Promise<void> {
    const event = parseEvent(text);
    // Of a newer version there may be types that we don't know; as JSON they are told all the same.
    if (this.#format === "json") await this.#surroundings.write(`${text}\n`);
    else if (event !== undefined) await this.#surroundings.write(`${eventLine(event)}\n`);
  }

  #say(error: unknown): void {
    if (this.#stop.signal.aborted || this.#isTrouble) return;
    this.#isTrouble = true;
    const cause = messageOf(error);
    this.#surroundings.logger.warn({ cause }, "cannot follow events; it is tried again");
  }
}
