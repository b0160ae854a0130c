import type { EngineContainer } from "../runtimes/runtime.ts";

/** What one source tells of a container. */
export interface Known {
  /** Who tells: `docker`, `disk`, … */
  readonly source: string;
  readonly container: EngineContainer;
  /** The source's place in the order in which sources are believed; 0 comes first. */
  readonly rank: number;
}

/**
 * Every container that a source knows, by the engine's id. One id may be told by several: Docker's
 * containers also by what speaks CRI for it. The source that is believed first tells who it is, for
 * as long as it knows it, whichever spoke first or last.
 */
export class KnownContainers {
  /** Of each id what each source tells, best first. */
  readonly #known: Map<string, Known[]> = new Map();

  get size(): number {
    return this.#known.size;
  }

  /** What is believed of a container. */
  get(engineId: string): Known | undefined {
    return this.#known.get(engineId)?.[0];
  }

  /** Takes what a source tells; true if that is what is believed. */
  put(told: Known): boolean {
    const { id } = told.container;
    const all = this.#known.get(id) ?? [];
    const before = all.find(({ rank }) => rank === told.rank);
    // A list knows less than an answer about one container: it keeps what was known.
    const now = { ...told, container: { ...before?.container, ...told.container } };
    const next = [...all.filter((one) => one !== before), now].toSorted((a, b) => a.rank - b.rank);
    this.#known.set(id, next);
    return next[0] === now;
  }

  /** A source no longer knows a container; true if something else is believed of it now. */
  remove(engineId: string, rank: number): boolean {
    const all = this.#known.get(engineId) ?? [];
    const rest = all.filter((known) => known.rank !== rank);
    if (rest.length === 0) this.#known.delete(engineId);
    else this.#known.set(engineId, rest);
    return all[0] !== rest[0];
  }

  /** The ids that a source tells. */
  *toldBy(rank: number): Generator<string> {
    for (const [id, all] of this.#known) {
      if (all.some((known) => known.rank === rank)) yield id;
    }
  }
}
