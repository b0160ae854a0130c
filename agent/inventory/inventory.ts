import { type Container, type Limits, NO_LIMITS } from "../../wire/container.ts";
import { groupsOf } from "../../wire/groups.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type {
  EngineContainer,
  EngineEvent,
  Runtime,
  RuntimeListener,
} from "../runtimes/runtime.ts";

interface Known {
  readonly runtime: string;
  readonly container: EngineContainer;
}

/** Who each cgroup is, as the engines tell it. */
export class Inventory {
  /** By the engine's id. */
  readonly #known: Map<string, Known> = new Map();
  readonly #onChange: (engineId: string) => void;

  /** @param onChange called with the engine's id when something has happened to a container */
  constructor(onChange: (engineId: string) => void) {
    this.#onChange = onChange;
  }

  /** How many containers the engines know, running or not. */
  get size(): number {
    return this.#known.size;
  }

  /** Whether an engine knows a container of this id, running or not. */
  has(engineId: string): boolean {
    return this.#known.has(engineId);
  }

  /** Begins to follow an engine. */
  follow(
    runtime: Runtime,
    cgroupsChanged: () => void,
    event: (event: EngineEvent) => void = () => {},
  ): void {
    runtime.start({ ...this.#listener(runtime.name, cgroupsChanged), event });
  }

  /** What the engine knows of a container, by the engine's id. */
  engineContainer(engineId: string): EngineContainer | undefined {
    return this.#known.get(engineId)?.container;
  }

  /** Describes the container behind a cgroup; of a plain cgroup only the path and the limits are known. */
  describe(cgroup: string, limits: Limits = NO_LIMITS): Container {
    const engineId = engineIdOf(cgroup);
    const known = engineId === undefined ? undefined : this.#known.get(engineId);
    return known === undefined
      ? { id: cgroup, name: cgroup, labels: {}, groups: {}, limits }
      : containerOf(cgroup, known, limits);
  }

  #listener(runtime: string, cgroupsChanged: () => void): RuntimeListener {
    return {
      cgroupsChanged,
      upsert: (container) => this.#put(runtime, container),
      remove: (id) => {
        this.#known.delete(id);
      },
      retain: (ids) => {
        for (const [id, known] of this.#known) {
          if (known.runtime === runtime && !ids.has(id)) this.#known.delete(id);
        }
      },
    };
  }

  #put(runtime: string, container: EngineContainer): void {
    const before = this.#known.get(container.id)?.container;
    // A list knows less than an answer about one container: it keeps what was known.
    this.#known.set(container.id, { runtime, container: { ...before, ...container } });
    // Even if nothing here is new: the limits, which stand in the cgroup's files, may be.
    this.#onChange(container.id);
  }
}

function containerOf(cgroup: string, { runtime, container }: Known, limits: Limits): Container {
  const { createdAt, startedAt, health, restarts, env, labels } = container;
  return {
    id: cgroup,
    container_id: container.id,
    name: container.name,
    image: container.image,
    runtime,
    state: container.state,
    ...(createdAt === undefined ? {} : { created_at: createdAt }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(health === undefined ? {} : { health }),
    ...(restarts === undefined ? {} : { restarts }),
    ...(env === undefined ? {} : { env }),
    labels,
    groups: groupsOf(labels),
    limits,
  };
}
