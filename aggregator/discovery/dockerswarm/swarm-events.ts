import { setTimeout as sleep } from "node:timers/promises";

import type { Clock } from "../../../lib/clock.ts";
import { messageOf } from "../../../lib/errors.ts";
import { at, textAt } from "../../../lib/json-at.ts";
import type { Logger } from "../../../lib/log.ts";
import { printableUrl } from "../../../lib/printable-url.ts";
import type { EventType, NewEvent } from "../../../wire/events/event.ts";
import type { DockerEngine } from "../docker-engine.ts";
import type { EarlierEvents, Orchestrator } from "../orchestrator.ts";
import { ServiceChanges } from "./service-changes.ts";
import { TaskMoves } from "./task-moves.ts";

/** What a swarm's events are heard with. */
export interface SwarmEventsOptions {
  /** Its own: it is closed with this. */
  readonly engine: Pick<DockerEngine, "list" | "follow" | "close">;
  /** Without anything secret. */
  readonly where: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks at the lists; 5 s if left out. */
  readonly interval?: number;
}

const INTERVAL_MS = 5000;
/** What comes together is looked at together. */
const SOON_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** An engine may tell a little late what it has done. */
const OVERLAP_NS = 5e9;
const NOTHING: EarlierEvents = { count: () => undefined, has: () => false };

/** Follows what a manager of a Docker Swarm does with its services, and where their tasks go. */
export class SwarmEvents implements Orchestrator {
  readonly #options: SwarmEventsOptions;
  readonly #ended = new AbortController();
  readonly #moves = new TaskMoves();
  #changes = new ServiceChanges(NOTHING);
  #told: (event: NewEvent) => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();
  #cut = new AbortController();
  #waiting = new AbortController();
  /** Nanoseconds of the newest event. */
  #heardUntil = 0;
  #isTrouble = false;
  hasBegun = false;

  constructor(options: SwarmEventsOptions) {
    this.#options = options;
  }

  start(told: (event: NewEvent) => void, earlier: EarlierEvents): void {
    this.#told = told;
    this.#changes = new ServiceChanges(earlier);
    this.#running = Promise.all([this.#following(), this.#looking()]);
  }

  tells(type: EventType, group: string): boolean {
    const name = /^service:(?<name>.+)$/u.exec(group)?.groups?.["name"];
    return name !== undefined && this.#changes.knows(name, type === "service_scaled");
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
    this.#options.engine.close();
  }

  async #following(): Promise<void> {
    const { signal } = this.#ended;
    for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      this.#cut = new AbortController();
      try {
        // oxlint-disable-next-line no-await-in-loop
        for await (const line of this.#lines(AbortSignal.any([signal, this.#cut.signal]))) {
          this.#hear(line);
          pause = 500;
        }
      } catch (error) {
        this.#say(error);
      }
      // oxlint-disable-next-line no-await-in-loop
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #lines(signal: AbortSignal): AsyncGenerator<string> {
    const from = BigInt(Math.max(0, Math.trunc(this.#heardUntil - OVERLAP_NS)));
    const digits = String(from).padStart(10, "0");
    const since = from === 0n ? undefined : `${digits.slice(0, -9)}.${digits.slice(-9)}`;
    return this.#options.engine.follow(["service", "node"], since, signal);
  }

  #hear(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    const time = at(message, "timeNano");
    if (typeof time === "number") this.#heardUntil = Math.max(this.#heardUntil, time);
    for (const change of this.#changes.hear(message)) this.#tell(change);
    const isScaledOnly =
      textAt(message, "Action") === "update" && textAt(message, "Type") !== "node";
    if (!isScaledOnly) this.#waiting.abort();
  }

  async #looking(): Promise<void> {
    const { signal } = this.#ended;
    const { interval = INTERVAL_MS } = this.#options;
    while (!signal.aborted) {
      this.#waiting = new AbortController();
      try {
        // oxlint-disable-next-line no-await-in-loop
        await this.#look(signal);
        if (this.#isTrouble)
          this.#options.logger.info(this.#fields, "a swarm's events are heard again");
        this.#isTrouble = false;
      } catch (error) {
        this.#say(error);
        // Nobody says that a cable was pulled; a stream over it would wait for a long time.
        this.#cut.abort(new Error("the manager does not answer"));
      }
      this.hasBegun = true;
      const called = AbortSignal.any([signal, this.#waiting.signal]);
      // oxlint-disable-next-line no-await-in-loop
      await sleep(interval, undefined, { signal: called, ref: false }).catch(() => undefined);
      // oxlint-disable-next-line no-await-in-loop
      await sleep(SOON_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    for (const change of this.#changes.look(await engine.list("/services", signal))) {
      this.#tell(change);
    }
    const tasks = await engine.list("/tasks", signal, { "desired-state": ["running"] });
    const nodes = await engine.list("/nodes", signal);
    const services = this.#changes.names();
    for (const move of this.#moves.look({ tasks, nodes, services })) this.#tell(move);
  }

  #tell(change: Omit<NewEvent, "time"> & { readonly time?: string }): void {
    if (this.#ended.signal.aborted) return;
    const time = change.time ?? new Date(this.#options.clock.now()).toISOString();
    this.#told({ ...change, time });
  }

  get #fields(): { readonly where: string } {
    return { where: this.#options.where };
  }

  #say(error: unknown): void {
    if (this.#ended.signal.aborted || this.#isTrouble) return;
    this.#isTrouble = true;
    const trouble = printableUrl(messageOf(error));
    this.#options.logger.warn({ ...this.#fields, trouble }, "cannot hear the events of a swarm");
  }
}
