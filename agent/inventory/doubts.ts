import type { Container } from "../../wire/container.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Inventory } from "./inventory.ts";

/** A doubt is raised again after 1, 2, 4, … seconds, so many times, and then no more. */
const MOST_TIMES = 6;

/** More than so many doubts at once are raised only once. */
const MOST_DOUBTS = 1000;

interface Doubt {
  /** Whether its cgroup is there. */
  readonly isThere: boolean;
  times: number;
  /** Unix milliseconds. */
  nextAt: number;
}

/**
 * Some engines tell no events. When the cgroup of a container has come or gone and that does not fit
 * what its engine told last, those engines are asked to look again, until it fits.
 */
export class Doubts {
  readonly #inventory: Pick<Inventory, "engineContainer">;
  readonly #runtimes: readonly Runtime[];
  /** By the engine's id. */
  readonly #doubts: Map<string, Doubt> = new Map();

  constructor(inventory: Pick<Inventory, "engineContainer">, runtimes: readonly Runtime[]) {
    this.#inventory = inventory;
    this.#runtimes = runtimes.filter((runtime) => runtime.cgroupChanged !== undefined);
  }

  /** A pass begins; it tells nothing that matters here. */
  beginPass(): void {}

  /** A cgroup has been found. */
  came(cgroup: string, time: number): void {
    this.#changed(cgroup, time, true);
  }

  /** A cgroup has gone. */
  gone(cgroup: string, _container: Container, time: number): void {
    this.#changed(cgroup, time, false);
  }

  /** Raises what is due. `time` is Unix milliseconds. */
  endPass(time: number): void {
    for (const [id, doubt] of this.#doubts) {
      if (doubt.nextAt > time) continue;
      if (doubt.times >= MOST_TIMES || !this.#raise(id, doubt.isThere)) this.#doubts.delete(id);
      doubt.nextAt = time + 1000 * 2 ** doubt.times++;
    }
  }

  #changed(cgroup: string, time: number, isThere: boolean): void {
    if (this.#runtimes.length === 0) return;
    const id = engineIdOf(cgroup);
    if (id === undefined) return;
    if (this.#doubts.size < MOST_DOUBTS) this.#doubts.set(id, { isThere, times: 0, nextAt: time });
    else this.#raise(id, isThere);
  }

  /** Asks those to look again that this may concern; false if all fits. */
  #raise(id: string, isThere: boolean): boolean {
    const concerned = this.#runtimes.filter(({ name }) => this.#isDoubtful(id, isThere, name));
    for (const runtime of concerned) runtime.cgroupChanged?.(id);
    return concerned.length > 0;
  }

  #isDoubtful(id: string, isThere: boolean, runtime: string): boolean {
    const known = this.#inventory.engineContainer(id);
    if (known === undefined) return isThere;
    // Of another engine's container that one tells.
    return known.runtime === runtime && (known.state === "running") !== isThere;
  }
}
