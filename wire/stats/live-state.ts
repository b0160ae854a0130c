import type { Container } from "../container.ts";
import type { Subject } from "./answer.ts";
import type { StatsQuery } from "./query.ts";
import { ValueText } from "./value-text.ts";
import { ValueReader } from "./values.ts";

interface Held {
  container: Container;
  values: Float64Array;
  /** Of its newest sample, Unix milliseconds. */
  time: number;
  /** The round in which it was there last. */
  round: number;
}

/** What is new of some containers, each as JSON. */
export interface LiveChanges {
  /** Who has come, or has become another: all there is of them. */
  readonly added: readonly string[];
  /** Of the others what has changed. */
  readonly changed: readonly string[];
  /** Ids of those who are there no more. */
  readonly removed: readonly string[];
}

/**
 * What the readers of a live query have been told so far. In each round every container is taken in
 * once, then the round is ended.
 */
export class LiveState {
  readonly #reader: ValueReader;
  readonly #text: ValueText;
  readonly #held: Map<string, Held> = new Map();
  /** The values of the container that is looked at; changes places with those that it replaces. */
  #spare: Float64Array;
  #round = 1;
  #added: string[] = [];
  #changed: string[] = [];

  constructor(query: StatsQuery) {
    this.#reader = new ValueReader(query);
    this.#text = new ValueText(query);
    this.#spare = new Float64Array(this.#reader.length);
  }

  /** Compares a container with what was told of it. */
  take(subject: Subject): void {
    const { container, ring } = subject;
    const values = this.#spare;
    this.#reader.read(subject, values);
    const time = ring.timeAt(ring.length - 1);
    const held = this.#held.get(container.id);
    if (held === undefined) {
      this.#held.set(container.id, { container, values, time, round: this.#round });
      this.#spare = new Float64Array(this.#reader.length);
      this.#added.push(this.#text.whole(container, time, values));
      return;
    }
    if (held.container === container) {
      const change = this.#text.change(container.id, time, held.values, values);
      if (change !== undefined) this.#changed.push(change);
    } else this.#added.push(this.#text.whole(container, time, values));
    this.#spare = held.values;
    Object.assign(held, { container, values, time, round: this.#round });
  }

  /** What the round has brought; undefined if nothing. */
  endRound(): LiveChanges | undefined {
    const removed: string[] = [];
    for (const [id, { round }] of this.#held) {
      if (round === this.#round) continue;
      removed.push(id);
      this.#held.delete(id);
    }
    const changes = { added: this.#added, changed: this.#changed, removed };
    this.#round++;
    this.#added = [];
    this.#changed = [];
    return Object.values(changes).some((list) => list.length > 0) ? changes : undefined;
  }

  /** All containers as they are known. */
  *whole(): Generator<string> {
    for (const { container, time, values } of this.#held.values()) {
      yield this.#text.whole(container, time, values);
    }
  }
}
