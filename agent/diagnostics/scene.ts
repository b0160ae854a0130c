import type { Clock } from "../../lib/clock.ts";
import type { Limits } from "../../wire/container.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Hierarchies } from "../cgroup/hierarchy.ts";
import type { Absences } from "../collectors/absences.ts";
import type { Collector, Host, SeriesValues } from "../collectors/collector.ts";
import type { Endpoint } from "../runtimes/docker-api/endpoint.ts";

/** A cgroup as it was sampled last. */
export interface Sampled {
  readonly cgroup: Cgroup;
  readonly container: { readonly limits: Limits };
  /** A raw value of the last sample; NaN = not measured. */
  newestValue(column: number): number;
  /** The last sample's values of a collector's series; undefined while its files are not open. */
  seriesOf(collector: Collector): SeriesValues | undefined;
}

/** Where a container engine should answer. */
export interface EnginePlace {
  /** `docker`, `podman`, `containerd`, `cri-o`. */
  readonly name: string;
  /** The setting that names it. */
  readonly setting: string;
  readonly endpoint: Endpoint;
  /** Sockets of another engine: one that is the same file is that engine's, as the agent has it too. */
  readonly others?: readonly string[];
  readonly speaks: "http" | "grpc";
  /** It is where such engines usually are: nobody said that there is one. */
  readonly isDefault: boolean;
  /** How the agent stands with it; undefined where it is not followed. */
  readonly health?: () => "absent" | "connected" | "failing";
}

/** What has been sampled, and with what. */
export interface Sampling {
  readonly host: Host;
  readonly absences: Absences;
  /** The cgroups of the last pass: to be looked at anew each time. */
  readonly sampled: () => Iterable<Sampled>;
}

/** Whether the numbers of a collector are wanted: everywhere, in `/stats` alone, or not at all. */
export type Wanted = "everywhere" | "stats" | "no";

/** What the checks look at. */
export interface Scene {
  readonly node: string;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly cgroupRoot: string;
  readonly rootfs: string;
  readonly kmsgPath: string;
  /** Undefined where there are none. */
  readonly hierarchies: Hierarchies | undefined;
  readonly engines: readonly EnginePlace[];
  /** Undefined where nothing could be sampled. */
  readonly sampling: Sampling | undefined;
  readonly wanted: (collector: Collector) => Wanted;
  /** What the operator has asked for by a setting of its own. */
  readonly asksFor: { readonly perf: boolean; readonly resctrl: boolean };
  /** Where engines keep what belongs to their containers, on the host. */
  readonly stores: readonly string[];
  /** Where an agent would listen; undefined in an agent that does. */
  readonly listen: string | undefined;
  readonly clock: Clock;
  /** Wall clock less monotonic clock when this program began, in milliseconds. */
  readonly clockOffset: number;
}
