import type { Container } from "../../wire/container.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";

/** How often what has happened to a container. */
export interface ContainerEvents {
  /** As it was known last; its `id` is the engine's where it has had no cgroup yet. */
  readonly container: Container;
  /** By type, as `/events` has it: what engines tell, and `oom_kill`. */
  readonly counts: ReadonlyMap<string, number>;
}

/** A removed container is shown so long, for several scrapes, but of all of them only the last so many. */
const KEPT_MS = 600_000;
const MOST_REMOVED = 1000;

const SWEEP_MS = 60_000;

/** The engine's id that a path carries; of a cgroup that nobody has seen it stands in place of the path. */
export function containerIdOf(cgroup: string): string | undefined {
  return cgroup.startsWith("/") ? engineIdOf(cgroup) : cgroup;
}

class Entry implements ContainerEvents {
  container: Container;
  readonly counts: Map<string, number> = new Map();

  constructor(container: Container) {
    this.container = container;
  }

  add(type: string): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
  }
}

/** Counts what happens to containers from the agent's start on; each for as long as its engine knows it, and for a while after. */
export class EventCounts {
  readonly #entries: Map<string, Entry> = new Map();
  /** When each removed container was removed, oldest first. */
  readonly #removed: Map<string, number> = new Map();
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** Something has happened to a container that an engine knows, or knew. */
  add(type: string, container: Container): void {
    const { id, container_id: engineId } = container;
    if (engineId === undefined) return;
    const entry = this.#entries.get(engineId) ?? this.#open(container);
    if (id.startsWith("/")) entry.container = container;
    entry.add(type);
  }

  /** A process of a cgroup, or of one below it, has been killed for the lack of memory. */
  addOomKill(cgroup: string, container: Container): void {
    const entry = this.#entries.get(containerIdOf(cgroup) ?? "");
    this.learn(container);
    if (entry !== undefined) entry.add("oom_kill");
    else if (container.container_id !== undefined) this.#open(container).add("oom_kill");
  }

  /** Who a container is now, with the path of its cgroup; of one that went at once only the path may be known. */
  learn(container: Container): void {
    const { id, container_id: engineId = containerIdOf(id) ?? "" } = container;
    const entry = this.#entries.get(engineId);
    if (entry === undefined) return;
    if (container.container_id !== undefined) entry.container = container;
    else if (id.startsWith("/") && entry.container.id !== id)
      entry.container = { ...entry.container, id };
  }

  /** Who the container of a cgroup is or was, as far as its events tell. */
  containerOf(cgroup: string): Container | undefined {
    const container = this.#entries.get(containerIdOf(cgroup) ?? "")?.container;
    return container === undefined ? undefined : { ...container, id: cgroup };
  }

  entries(): Iterable<ContainerEvents> {
    return this.#entries.values();
  }

  /** Forgets those that no engine has known for long. `time` is Unix milliseconds. */
  sweep(time: number, isKnown: (engineId: string) => boolean): void {
    if (time - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = time;
    for (const id of this.#entries.keys()) {
      if (isKnown(id)) this.#removed.delete(id);
      else if (!this.#removed.has(id)) this.#removed.set(id, time);
    }
    for (const [oldest, removedAt] of this.#removed) {
      if (this.#removed.size <= MOST_REMOVED && time - removedAt <= KEPT_MS) return;
      this.#removed.delete(oldest);
      this.#entries.delete(oldest);
    }
  }

  #open(container: Container): Entry {
    const entry = new Entry(container);
    this.#entries.set(container.container_id ?? container.id, entry);
    return entry;
  }
}
