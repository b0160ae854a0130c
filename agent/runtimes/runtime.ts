import type { ContainerHealth } from "../../wire/container.ts";

/** A container as its engine knows it. */
export interface EngineContainer {
  readonly id: string;
  /** `docker`, `podman`, …, where the source that tells is not the engine itself and has another name. */
  readonly runtime?: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339; absent if it has not been started. */
  readonly startedAt?: string;
  /** What its health check says; absent if it has none. */
  readonly health?: ContainerHealth;
  /** How often the engine has started it again by itself. */
  readonly restarts?: number;
  /** The variables of its environment that are to be shown, keys in lower case; never all. */
  readonly env?: Readonly<Record<string, string>>;
  /** How others on this machine reach it; absent if it is not known. */
  readonly network?: ContainerNetwork;
  /** In the engine's words: `bridge`, `host`, `none`, `container:<id>`, `pod`, the name of a network. */
  readonly networkMode?: string;
  /** The name of the pod that its engine keeps it in, where no label tells. */
  readonly pod?: string;
}

/** A container's place in the network, as its engine tells. */
export interface ContainerNetwork {
  /** It has the machine's own network, not one of its own. */
  readonly isHost: boolean;
  /** Its own IP addresses. */
  readonly addresses: readonly string[];
  /** TCP ports that its image or its command line expose. */
  readonly ports: readonly number[];
}

/** How a runtime stands with its engine. */
export type RuntimeHealth = "absent" | "connected" | "failing";

/** Something that an engine says has happened to a container. */
export interface EngineEvent {
  /** The container's. */
  readonly id: string;
  /** `create`, `start`, `die`, `oom`, `health_status`, … */
  readonly action: string;
  readonly name: string;
  readonly image: string;
  /** As the engine tells them with the event, for a container that is not known yet. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of `die`. */
  readonly exitCode?: number;
  /** Of `kill`. */
  readonly signal?: number;
  /** Of `rename`: what it was called before. */
  readonly oldName?: string;
  /** Of `health_status`. */
  readonly health?: string;
  /** When it happened, Unix milliseconds by the engine's clock; now if it does not say. */
  readonly time?: number;
  /** How it is known, in words, if no event has told it. */
  readonly reason?: string;
}

/** What a runtime tells, as it happens. */
export interface RuntimeListener {
  /** A container is new or has changed. */
  upsert(container: EngineContainer): void;
  /** A container no longer exists. */
  remove(id: string): void;
  /** These are all there are: whatever else was known has gone. */
  retain(ids: ReadonlySet<string>): void;
  /** A container has been started or has ended: its cgroup comes or goes now. */
  cgroupsChanged(): void;
  /** Something has happened to a container. */
  event?(event: EngineEvent): void;
  /** Unix milliseconds from which on events are wanted, as far as the engine remembers; now if absent. */
  readonly since?: number | undefined;
}

/**
 * One container engine, followed by its event stream. It connects by itself as soon as the engine
 * is there, and again when it has been away; a missing engine is no error.
 */
export interface Runtime {
  /** `docker`, `podman`, …: the `runtime` of its containers. */
  readonly name: string;
  readonly health: RuntimeHealth;
  /** The engine's version, as it said when it was connected to last. */
  readonly engineVersion?: string | undefined;
  /** The version of its API, likewise. */
  readonly apiVersion?: string | undefined;
  /** What went wrong, by reason, since the start. */
  readonly failures: ReadonlyMap<string, number>;
  /** Begins to follow the engine; returns at once. */
  start(listener: RuntimeListener): void;
  /**
   * Of engines that tell no events: a container's cgroup has come or gone, and that does not fit what
   * was told last. Returns at once; called more than once for one container.
   */
  cgroupChanged?(engineId: string): void;
  close(): Promise<void>;
}
