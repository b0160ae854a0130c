/** A container as its engine knows it. */
export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339; absent if it has not been started. */
  readonly startedAt?: string;
}

/** How a runtime stands with its engine. */
export type RuntimeHealth = "absent" | "connected" | "failing";

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
}

/**
 * One container engine, followed by its event stream. It connects by itself as soon as the engine
 * is there, and again when it has been away; a missing engine is no error.
 */
export interface Runtime {
  /** `docker`, `podman`, …: the `runtime` of its containers. */
  readonly name: string;
  readonly health: RuntimeHealth;
  /** What went wrong, by reason, since the start. */
  readonly failures: ReadonlyMap<string, number>;
  /** Begins to follow the engine; returns at once. */
  start(listener: RuntimeListener): void;
  close(): Promise<void>;
}
