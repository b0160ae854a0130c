import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";

import type { EventLog } from "../../wire/events/log.ts";
import type { MetricGroup } from "../../wire/metrics/metric-groups.ts";
import type { AppMetrics } from "../app-metrics/app-metrics.ts";
import type { Collector } from "../collectors/collector.ts";
import type { Diagnostics } from "../diagnostics/diagnostics.ts";
import type { GroupTotals } from "../groups/group-totals.ts";
import type { EventCounts } from "../inventory/event-counts.ts";
import type { Machine } from "../machine/machine.ts";
import type { OomLedger } from "../oom/ledger.ts";
import type { Window } from "../window/window.ts";
import type { Style } from "./families/container-page.ts";
import type { SeriesLabels } from "./families/series-labels.ts";
import type { WindowStatistics } from "./families/window-statistics.ts";
import type { KeptAnswers } from "./kept-answers.ts";
import type { RestParts } from "./rest/parts.ts";

/** What the routes may look at. They read what has been sampled, never the kernel. */
export interface AgentView {
  readonly node: string;
  /** Different after each start, so that a cursor of another life is noticed. */
  readonly run: string;
  /** As it was read last: to be looked at anew each time. */
  readonly machine: Machine;
  readonly window: Window;
  readonly intervalSeconds: number;
  readonly windowSeconds: number;
  /** What has been answered since the last pass. */
  readonly answers: KeptAnswers;
  /** Where `/metrics` is. */
  readonly metricsPath: string;
  /** How the series of containers are written on `/metrics`. */
  readonly style: Style;
  /** The labels of containers. */
  readonly labels: SeriesLabels;
  /** The collectors whose families are on `/metrics`. */
  readonly exposed: readonly Collector[];
  /** Whether the families of a group are on `/metrics`. */
  readonly isGroupOn: (group: MetricGroup) => boolean;
  /** The version of a container engine, if it has told it. */
  readonly engineVersion: (runtime: string) => string | undefined;
  /** Kills for the lack of memory. */
  readonly oom: OomLedger;
  /** How often what has happened to containers. */
  readonly events: EventCounts;
  /** What has happened, each by itself. */
  readonly eventLog: EventLog;
  /** Whether some of what should be known now is not. */
  readonly hasFailed: () => boolean;
  /** Of whom the window is summed up on `/metrics`. */
  readonly windowStatistics: WindowStatistics;
  /** What groups of containers have used. */
  readonly groups: GroupTotals;
  /** What containers expose of themselves; undefined if none is asked. */
  readonly appMetrics: AppMetrics | undefined;
  /** What cAdvisor's API tells beyond all others. */
  readonly rest: RestParts;
  /** What the host lets us see; it looks at the kernel by itself, and seldom. */
  readonly diagnostics: Pick<Diagnostics, "read" | "explain">;
  /** The agent's metrics of itself. */
  readonly registry: Registry;
}

/** Adds a route, or a few that belong together. */
export type Route = (app: FastifyInstance, view: AgentView) => void;
