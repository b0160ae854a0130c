import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";

import type { Clock } from "../../lib/clock.ts";
import type { ClusterEvents } from "../events/events.ts";
import type { History } from "../history/history.ts";
import type { JobState } from "../jobs/jobs.ts";
import type { Cluster } from "../model/cluster.ts";
import type { SeriesStore } from "../scrape/series/series-store.ts";
import type { TargetState } from "../scrape/target-state.ts";
import type { SinkState } from "../sinks/sink.ts";

/** What the routes may look at. */
export interface ClusterView {
  readonly clusterName: string;
  readonly cluster: Cluster;
  /** What has happened. */
  readonly events: Pick<ClusterEvents, "log" | "nodes">;
  /** The newest series of every target. */
  readonly series: SeriesStore;
  /** Undefined where none is kept. */
  readonly history: History | undefined;
  /** The stores that measurements are sent to, and what waits for each. */
  readonly sinks: () => readonly SinkState[];
  readonly targets: () => readonly TargetState[];
  /** How finding targets goes. */
  readonly jobs: () => readonly JobState[];
  readonly registry: Registry;
  readonly clock: Clock;
  /** Folder of the built page. */
  readonly pageDirectory: string;
}

/** Adds a route, or a few that belong together. */
export type Route = (app: FastifyInstance, view: ClusterView) => Promise<void> | void;
