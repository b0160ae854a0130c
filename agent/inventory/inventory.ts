import { type Container, type Limits, NO_LIMITS } from "../../wire/container.ts";
import { groupsOf } from "../../wire/groups.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type {
  EngineContainer,
  EngineEvent,
  Runtime,
  RuntimeListener,
} from "../runtimes/runtime.ts";
import { ContainerPaths } from "./container-paths.ts";
import { type Known, KnownContainers } from "./known-containers.ts";

/** Told which containers have cgroups. */
export interface PathsListener {
  /** The cgroup of a container is there, or another one is its cgroup now. */
  appeared(engineId: string, cgroup: string): void;
  /** None of its cgroups is there any more. */
  vanished(engineId: string): void;
}

/** Who else is told what an engine's lists say, and from when on its events are wanted. */
export interface Beside extends Partial<Pick<RuntimeListener, "upsert" | "retain" | "since">> {
  /** Called before anybody else hears of an event. */
  heard?(event: EngineEvent): void;
}

/** Who each cgroup is, as the engines tell it. */
export class Inventory {
  readonly #known: KnownContainers = new KnownContainers();
  readonly #paths: ContainerPaths = new ContainerPaths();
  readonly #onChange: (engineId: string) => void;
  #pathsListener: PathsListener | undefined;
  #sources = 0;

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
    return this.#known.get(engineId) !== undefined;
  }

  /** Begins to follow an engine. Of several that know one container the one that was followed first is believed. */
  follow(
    runtime: Runtime,
    cgroupsChanged: () => void,
    event: (event: EngineEvent) => void = () => {},
    beside: Beside = {},
  ): void {
    const own = this.#listener(runtime.name, this.#sources++, cgroupsChanged);
    runtime.start({
      ...own,
      event(told) {
        beside.heard?.(told);
        event(told);
      },
      since: beside.since,
      upsert(container) {
        own.upsert(container);
        beside.upsert?.(container);
      },
      retain(ids) {
        own.retain(ids);
        beside.retain?.(ids);
      },
    });
  }

  /** Tells from now on which containers have cgroups, beginning with those that have one. */
  followPaths(listener: PathsListener): void {
    this.#pathsListener = listener;
    for (const [engineId, cgroup] of this.#paths.all()) listener.appeared(engineId, cgroup);
  }

  /** A cgroup has been found: call it before it is described, and for all that came together first. */
  appeared(cgroup: string): void {
    const engineId = engineIdOf(cgroup);
    if (engineId === undefined) return;
    const isMoved = this.#paths.add(cgroup);
    if (this.#paths.of(engineId) !== cgroup) return;
    if (isMoved) this.#onChange(engineId);
    this.#pathsListener?.appeared(engineId, cgroup);
  }

  /** A cgroup has gone. */
  vanished(cgroup: string): void {
    const engineId = engineIdOf(cgroup);
    if (engineId === undefined) return;
    const isMoved = this.#paths.remove(cgroup);
    const next = this.#paths.of(engineId);
    if (next === undefined) this.#pathsListener?.vanished(engineId);
    if (!isMoved || next === undefined) return;
    this.#onChange(engineId);
    this.#pathsListener?.appeared(engineId, next);
  }

  /** Who tells of a container, by the engine's id: the name of a runtime; undefined if nobody does. */
  sourceOf(engineId: string): string | undefined {
    return this.#known.get(engineId)?.source;
  }

  /** What the engine knows of a container, by the engine's id. */
  engineContainer(engineId: string): EngineContainer | undefined {
    return this.#known.get(engineId)?.container;
  }

  /** Describes the container behind a cgroup; of a plain cgroup only the path and the limits are known. */
  describe(cgroup: string, limits: Limits = NO_LIMITS): Container {
    const engineId = engineIdOf(cgroup);
    const known = engineId === undefined ? undefined : this.#known.get(engineId);
    const isSecond = engineId !== undefined && this.#paths.isSecond(engineId, cgroup);
    return known === undefined || isSecond
      ? { id: cgroup, name: cgroup, labels: {}, groups: {}, limits }
      : containerOf(cgroup, known, limits);
  }

  #listener(source: string, rank: number, cgroupsChanged: () => void): RuntimeListener {
    const remove = (id: string): void => {
      // Where nobody else knows it, it is gone, and its cgroup with it.
      if (this.#known.remove(id, rank) && this.has(id)) this.#onChange(id);
    };
    return {
      cgroupsChanged,
      upsert: (container) => {
        const told = { source, container, rank };
        // Even if nothing here is new: the limits, which stand in the cgroup's files, may be.
        if (this.#known.put(told)) this.#onChange(container.id);
      },
      remove,
      retain: (ids) => {
        for (const id of this.#known.toldBy(rank)) if (!ids.has(id)) remove(id);
      },
    };
  }
}

function containerOf(cgroup: string, { source, container }: Known, limits: Limits): Container {
  const { createdAt, startedAt, health, restarts, networkMode, env, labels, pod } = container;
  return {
    id: cgroup,
    container_id: container.id,
    name: container.name,
    image: container.image,
    runtime: container.runtime ?? source,
    state: container.state,
    ...(createdAt === undefined ? {} : { created_at: createdAt }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(health === undefined ? {} : { health }),
    ...(restarts === undefined ? {} : { restarts }),
    ...(networkMode === undefined ? {} : { network_mode: networkMode }),
    ...(env === undefined ? {} : { env }),
    labels,
    groups: groupsOf(labels, pod),
    limits,
  };
}
