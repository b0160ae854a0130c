import type { Container } from "../container.ts";
import type { StatsQuery } from "./query.ts";

/** Kept as long as the container is described so: it seldom is described anew. */
const identities = new WeakMap<Container, string>();

/** A container as JSON, without the bracket at its end. */
function identityOf(container: Container): string {
  let text = identities.get(container);
  if (text === undefined) {
    text = JSON.stringify(container).slice(0, -1);
    identities.set(container, text);
  }
  return text;
}

/** Joins texts that are there. */
function listed(texts: readonly string[]): string {
  return `{${texts.join(",")}}`;
}

/** Writes the numbers of a `ValueReader` as JSON, with the names that the query gives them. */
export class ValueText {
  readonly #latest: readonly string[];
  readonly #window: readonly string[];
  readonly #summaries: readonly string[];

  constructor({ stats, summaries }: StatsQuery) {
    this.#latest = stats.map(({ name }) => `"${name}":`);
    this.#window = summaries.length === 0 ? [] : this.#latest;
    this.#summaries = summaries.map((summary) => `"${summary}":`);
  }

  /** What `containerStats` would say of a container, but for series. `time` is Unix milliseconds. */
  whole(container: Container, time: number, values: Float64Array): string {
    const latest = [timeText(time)];
    for (const [index, name] of this.#latest.entries()) {
      const value = values[index] ?? Number.NaN;
      if (Number.isFinite(value)) latest.push(name + String(value));
    }
    const window: string[] = [];
    for (const [index, name] of this.#window.entries()) {
      const summary = this.#summary(index, values);
      if (summary !== undefined) window.push(name + summary);
    }
    return `${identityOf(container)},"latest":${listed(latest)},"window":${listed(window)}}`;
  }

  /** Only what is no longer as it was, null = absent now; undefined if all is. */
  change(id: string, time: number, before: Float64Array, values: Float64Array): string | undefined {
    const latest: string[] = [];
    for (const [index, name] of this.#latest.entries()) {
      const value = values[index] ?? Number.NaN;
      // Of two NaN, too.
      if (!Object.is(value, before[index])) latest.push(name + numberText(value));
    }
    const window: string[] = [];
    for (const [index, name] of this.#window.entries()) {
      if (this.#isSame(index, before, values)) continue;
      window.push(name + (this.#summary(index, values) ?? "null"));
    }
    if (latest.length === 0 && window.length === 0) return undefined;
    const parts = [`"id":${JSON.stringify(id)}`, `"latest":${listed([timeText(time), ...latest])}`];
    if (window.length > 0) parts.push(`"window":${listed(window)}`);
    return listed(parts);
  }

  /** The summaries of one statistic; undefined if there was nothing to sum up. */
  #summary(index: number, values: Float64Array): string | undefined {
    const start = this.#startOf(index);
    if (Number.isNaN(values[start] ?? Number.NaN)) return undefined;
    return listed(
      this.#summaries.map((name, place) => name + numberText(values[start + place] ?? Number.NaN)),
    );
  }

  #isSame(index: number, before: Float64Array, values: Float64Array): boolean {
    const start = this.#startOf(index);
    return this.#summaries.every((_, place) =>
      Object.is(values[start + place], before[start + place]),
    );
  }

  #startOf(index: number): number {
    return this.#latest.length + index * this.#summaries.length;
  }
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : "null";
}

function timeText(time: number): string {
  return `"time":"${new Date(time).toISOString()}"`;
}
