import type { PeerSettings } from "../../lib/http/peer-settings.ts";
import type { Labels } from "../../wire/labels.ts";
import type { DiscoveryContext, Discovery } from "../discovery/discovery.ts";
import type { RelabelRule } from "./relabel.ts";

/** Agents keep a minute; this leaves time for a second attempt. Milliseconds. */
export const LONGEST_AGENT_INTERVAL = 45_000;

/** What a target of a job speaks. */
export const JOB_KINDS = ["agent", "exposition", "kubelet"] as const;

/** One of these. */
export type JobKind = (typeof JOB_KINDS)[number];

/** How much one answer may hold; 0 = as much as it likes. Prometheus's names and meaning. */
export interface ScrapeLimits {
  readonly bodyBytes: number;
  readonly samples: number;
  readonly labels: number;
  readonly labelNameLength: number;
  readonly labelValueLength: number;
  /** Targets of the whole job; with more of them none is scraped. */
  readonly targets: number;
}

/**
 * An entry of `scrape_configs`, read and checked, with Prometheus's defaults filled in.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
export interface Job {
  readonly name: string;
  /** Undefined: each target is asked what it is. */
  readonly kind: JobKind | undefined;
  /** Milliseconds. */
  readonly scrapeInterval: number;
  /** Milliseconds. */
  readonly scrapeTimeout: number;
  readonly metricsPath: string;
  readonly scheme: "http" | "https";
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  /** How its targets are spoken to: credentials, TLS, redirects. */
  readonly peer: PeerSettings;
  readonly limits: ScrapeLimits;
  /** What every series gets that leaves this aggregator for another system: `global`'s. */
  readonly externalLabels: Labels;
  /** How many targets that relabelling has dropped are kept to be shown. */
  readonly keepDroppedTargets: number;
  /** Makes each of its discoveries; nothing is asked before `start`. */
  readonly discoveries: readonly ((context: DiscoveryContext) => Discovery)[];
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
}
