import { encodeEvent, type EventStream } from "../../lib/http/event-stream.ts";
import { Slice } from "../../lib/slice.ts";
import type { Subject } from "../../wire/stats/answer.ts";
import type { LiveChanges } from "../../wire/stats/live-state.ts";
import { LiveState } from "../../wire/stats/live-state.ts";
import type { StatsQuery } from "../../wire/stats/query.ts";
import type { AgentView } from "./route.ts";
import { headOf } from "./stats-head.ts";

/** What is followed: a query, and which of the containers it is about, in its order. */
export interface Followed {
  readonly query: StatsQuery;
  readonly choose: () => readonly Subject[];
}

/** A query of `/stats` that some follow: whatever their number, each pass is written for them once. */
export class LiveQuery {
  readonly #view: AgentView;
  readonly #followed: Followed;
  readonly #state: LiveState;
  /** Each reader, and whether it has been told everything so far. */
  readonly #readers: Map<EventStream, boolean> = new Map();
  /** The pass that the state is of. */
  #tick = -1;
  /** All that the state has, for those who come in the course of a second. */
  #whole: Buffer | undefined;

  constructor(view: AgentView, followed: Followed) {
    this.#view = view;
    this.#followed = followed;
    this.#state = new LiveState(followed.query);
  }

  /** Whether nobody follows it any more. */
  get isForsaken(): boolean {
    return this.#readers.size === 0;
  }

  /** From the next round on. */
  add(reader: EventStream): void {
    this.#readers.set(reader, false);
  }

  remove(reader: EventStream): void {
    this.#readers.delete(reader);
  }

  /** Tells every reader that is ready what is new to it. */
  async round(): Promise<void> {
    const { tick } = this.#view.window;
    const isNew = tick !== this.#tick;
    if (isNew) this.#whole = undefined;
    const changes = isNew ? await this.#compare() : undefined;
    this.#tick = tick;
    if (isNew) this.#tellChanges(changes);
    await this.#tellAll();
  }

  async #compare(): Promise<LiveChanges | undefined> {
    const slice = new Slice();
    for (const subject of this.#followed.choose()) {
      this.#state.take(subject);
      if (slice.isOver()) await slice.next();
    }
    return this.#state.endRound();
  }

  /** To those who know what was before. Who has not taken that yet is told everything once it has. */
  #tellChanges(changes: LiveChanges | undefined): void {
    if (changes === undefined) return;
    let message: Buffer | undefined;
    for (const [reader, isInformed] of this.#readers) {
      if (!isInformed) continue;
      if (reader.isReady) reader.send((message ??= this.#encodeChanges(changes)));
      else this.#readers.set(reader, false);
    }
  }

  async #tellAll(): Promise<void> {
    const waiting = [...this.#readers].filter(
      ([reader, isInformed]) => !isInformed && reader.isReady,
    );
    if (waiting.length === 0) return;
    const message = (this.#whole ??= await this.#encodeAll());
    for (const [reader] of waiting) {
      // It may have left in the meantime.
      if (!this.#readers.has(reader) || !reader.isReady) continue;
      reader.send(message);
      this.#readers.set(reader, true);
    }
  }

  #encodeChanges({ added, changed, removed }: LiveChanges): Buffer {
    const { time } = headOf(this.#view);
    const data =
      `{"time":"${time}","added":[${added.join(",")}],"changed":[${changed.join(",")}],` +
      `"removed":${JSON.stringify(removed)}}`;
    return encodeEvent("update", this.#id(), data);
  }

  async #encodeAll(): Promise<Buffer> {
    const head = JSON.stringify(headOf(this.#view)).slice(0, -1);
    const slice = new Slice();
    const all: string[] = [];
    for (const text of this.#state.whole()) {
      all.push(text);
      if (slice.isOver()) await slice.next();
    }
    return encodeEvent("snapshot", this.#id(), `${head},"containers":[${all.join(",")}]}`);
  }

  #id(): string {
    return `${this.#view.run}-${this.#tick}`;
  }
}
