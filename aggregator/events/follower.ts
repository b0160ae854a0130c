import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../lib/errors.ts";
import { follow, type Message, NotAStream } from "../../lib/http/event-source.ts";
import type { Peer } from "../../lib/http/peer.ts";
import type { Logger } from "../../lib/log.ts";
import type { Event } from "../../wire/events/event.ts";
import { parseEvent } from "../../wire/events/parse.ts";

/** Following one agent. */
export interface FollowerOptions {
  readonly url: string;
  readonly node: string;
  readonly peer: Peer;
  /** The last of its events that we have; empty for all that it keeps. */
  readonly lastId: string;
  readonly logger: Logger;
  /** Takes an event that we don't have yet. */
  readonly take: (event: Event) => void;
  /** The agent does not have all that followed the last one any more. */
  readonly gap: () => void;
  /** It has told something that is no event of its node. */
  readonly refused: () => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** Follows the events of one agent over all breaks. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #lastId: string;
  #cut = new AbortController();
  #pause = FIRST_PAUSE_MS;
  #isTrouble = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#lastId = options.lastId;
    this.#running = this.#run();
  }

  /** Breaks a connection that leads nowhere any more, so that it is made anew. */
  reconnect(): void {
    this.#cut.abort(new Error("the agent does not answer"));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#follow().catch((error: unknown) => this.#say(error));
      // oxlint-disable-next-line no-await-in-loop
      await sleep(this.#pause, undefined, { signal }).catch(() => undefined);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    }
  }

  async #follow(): Promise<void> {
    const { url, peer } = this.#options;
    this.#cut = new AbortController();
    const all = this.#lastId === "" ? "&since=0" : "";
    await follow(new URL(`${url}/events?moments=true${all}`), {
      ask: (target, options) => peer.request(target, options),
      lastId: this.#lastId,
      signal: AbortSignal.any([this.#stop.signal, this.#cut.signal]),
      opened: () => this.#opened(),
      take: (message) => this.#take(message),
    });
  }

  #opened(): void {
    this.#pause = FIRST_PAUSE_MS;
    this.#isTrouble = false;
  }

  #take({ event: type, id, data }: Message): void {
    const { node, take, gap, refused } = this.#options;
    if (type === "gap") {
      gap();
      return;
    }
    const event = parseEvent(data);
    if (event?.id !== id || event.node !== node) refused();
    else take(event);
    if (id !== "") this.#lastId = id;
  }

  #say(error: unknown): void {
    if (this.#stop.signal.aborted || this.#isTrouble) return;
    this.#isTrouble = true;
    const { url, node, logger } = this.#options;
    const cause = error instanceof NotAStream ? error.message : messageOf(error);
    // That an agent does not answer at all is told by who asks for its samples.
    logger.info({ url, node, cause }, "cannot follow an agent's events; it is tried again");
  }
}
