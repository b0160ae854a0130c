import type { LimitName } from "./metrics/metric.ts";

/** What a container may use; null = no limit. */
export type Limits = Readonly<Record<LimitName, number | null>>;

/** No limit at all. */
export const NO_LIMITS: Limits = { cpu_cores: null, memory_bytes: null, pids: null };

/** What a container's health check says. */
export type ContainerHealth = "healthy" | "starting" | "unhealthy";

/** Who a container is. Of a cgroup that no engine owns only the path, the name and the limits are known. */
export interface Container {
  /** Absolute cgroup path, cAdvisor's `id`. */
  readonly id: string;
  /** The engine's own id. */
  readonly container_id?: string;
  /** The engine's name for it; the cgroup path where no engine owns it. */
  readonly name: string;
  readonly image?: string;
  /** `docker`, `podman`, …; absent for a plain cgroup. */
  readonly runtime?: string;
  readonly state?: string;
  /** RFC 3339. */
  readonly created_at?: string;
  /** RFC 3339. */
  readonly started_at?: string;
  /** Absent without a health check. */
  readonly health?: ContainerHealth;
  /** How often its engine has started it again by itself. */
  readonly restarts?: number;
  /** In its engine's words: `bridge`, `host`, `none`, `container:<id>`, `pod`, the name of a network. */
  readonly network_mode?: string;
  /** The variables that the operator has asked for, keys in lower case. */
  readonly env?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** What it belongs to: `compose_project`, `service`, `stack`, `task`, `namespace`, `pod`, `container`, `group`. */
  readonly groups: Readonly<Record<string, string>>;
  readonly limits: Limits;
}
