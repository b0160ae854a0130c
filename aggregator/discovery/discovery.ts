import type { Clock } from "../../lib/clock.ts";
import type { Fields } from "../../lib/config/fields.ts";
import type { Logger } from "../../lib/log.ts";
import type { Labels } from "../../wire/labels.ts";
import type { Orchestrators } from "./orchestrator.ts";

/** Targets that came from one place: a file, a service, a name. */
export interface TargetGroup {
  /** What tells it from the discovery's other groups. */
  readonly source: string;
  /** Labels of all its targets, `__meta_…` among them. */
  readonly labels: Labels;
  /** For each target `__address__` and what is its own. */
  readonly targets: readonly Labels[];
}

/** What a discovery may use. */
export interface DiscoveryContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where paths that are not absolute begin: the configuration file's folder. */
  readonly folder: string;
  /** Takes what is found besides targets: who tells events. Absent where nobody wants to know. */
  readonly orchestrators?: Orchestrators;
}

/** How finding goes, for `/targets` and `/metrics`. */
export interface DiscoveryState {
  readonly kind: string;
  /** Where it looks, without anything secret. */
  readonly where: string;
  readonly targets: number;
  readonly failures: number;
  /** Why the last try failed; absent if it went well. */
  readonly trouble?: string;
}

/**
 * Finds targets. After `start` it says all its groups each time, at first as soon as it knows them
 * and then on each change; a try that fails changes nothing, so the last list stays. It never
 * throws, and every question of its own has a time limit.
 */
export interface Discovery {
  start(found: (groups: readonly TargetGroup[]) => void): void;
  state(): DiscoveryState;
  /** Finds nothing any more. */
  close(): Promise<void> | void;
}

/** A way of finding targets: a key of a scrape config such as `file_sd_configs`. */
export interface DiscoveryKind {
  readonly key: string;
  /** Reads one entry of the key's list, `end()` included; throws Unfit that names the field. */
  parse(entry: Fields): (context: DiscoveryContext) => Discovery;
}
