import { fileURLToPath } from "node:url";

import { schedule } from "node-cron";
import { Registry } from "prom-client";

import { type Clock, systemClock } from "../lib/clock.ts";
import { createHttpServer, listen } from "../lib/http/server.ts";
import type { Part, Parts } from "../lib/lifecycle.ts";
import type { Logger } from "../lib/log.ts";
import { addProcessMetrics } from "../lib/process-metrics.ts";
import type { Surroundings } from "../lib/surroundings.ts";
import { version } from "../lib/version.ts";
import { allRoutes } from "./api/all.ts";
import { readiness } from "./api/readiness.ts";
import type { ClusterView } from "./api/route.ts";
import type { AggregatorConfig } from "./config.ts";
import type { Agent } from "./events/agent.ts";
import { createEventCounters } from "./events/counters.ts";
import { ClusterEvents } from "./events/events.ts";
import { allHistories } from "./history/all.ts";
import type { History } from "./history/history.ts";
import { configuredJobs } from "./jobs/configured.ts";
import { Jobs } from "./jobs/jobs.ts";
import { Cluster, type RecentSubject } from "./model/cluster.ts";
import { agentBase } from "./scrape/agent.ts";
import { createScrapeCounters } from "./scrape/counters.ts";
import { SeriesStore } from "./scrape/series/series-store.ts";
import { Targets } from "./scrape/targets.ts";

/** What the aggregator is started in. */
export interface AggregatorSurroundings extends Surroundings {
  readonly clock?: Clock;
  /** Folder of the built page; the one of this build if left out. */
  readonly pageDirectory?: string;
  /** Where paths of the configuration begin; the current folder if left out. */
  readonly folder?: string;
}

/** An aggregator that runs. */
export interface Aggregator {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  /** Takes over those settings that can change without a restart. */
  reload(config: AggregatorConfig): Promise<void>;
}

const EVERY_MINUTE = "* * * * *";

/** Starts the aggregator; it answers when this resolves. Throws ConfigError for what the operator must put right. */
export async function startAggregator(
  config: AggregatorConfig,
  surroundings: AggregatorSurroundings,
): Promise<Aggregator> {
  const { logger, parts, reloads } = surroundings;
  const { clock = systemClock, pageDirectory = builtPage(), folder = "." } = surroundings;
  const configured = configuredJobs(config);
  const registry = new Registry();
  addProcessMetrics(registry, reloads);

  const history = await openHistory(config, parts, logger, clock);
  const cluster = new Cluster(history?.storedUntil, history?.storedCursors);
  parts.use(
    "forgetting",
    everyMinute(() => cluster.forget(clock.now())),
  );

  const series = new SeriesStore(config.scrape_series_memory);
  const targets = new Targets({
    cluster,
    series,
    deliver: (batch) => history?.append(batch),
    free: () => roomIn(history),
    counters: createScrapeCounters(registry),
    clock,
    logger,
  });
  const jobs = new Jobs({
    clock,
    logger,
    folder,
    shard: config.shard,
    found: (all) => targets.set(all),
  });
  const events = parts.use(
    "events",
    await openEvents(config, { cluster, targets, registry, clock, logger }),
  );
  const url = await serve(config, parts, logger, {
    clusterName: config["cluster.name"],
    targets: () => targets.states(),
    jobs: () => jobs.states(),
    cluster,
    events,
    series,
    history,
    registry,
    clock,
    pageDirectory,
  });

  parts.use("scraping", targets);
  parts.use("discovery", jobs);
  jobs.set(configured);
  events.start();
  if (configured.length === 0) logger.warn("nothing to scrape; set agents or scrape_configs");

  return {
    url,
    async reload(changed) {
      jobs.set(configuredJobs(changed));
    },
  };
}

/** What events are noticed from. */
interface EventSources {
  readonly cluster: Cluster;
  readonly targets: Targets;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

function openEvents(
  config: AggregatorConfig,
  { cluster, targets, registry, clock, logger }: EventSources,
): Promise<ClusterEvents> {
  return ClusterEvents.open({
    clusterName: config["cluster.name"],
    directory: config["events.dir"],
    maxBytes: config["events.max.bytes"],
    maxAge: config.retention * 1000,
    agents: () => agentsOf(targets),
    measured: () => cluster.nodes(clock.now()),
    running: () => runningIn(cluster, clock.now()),
    counters: createEventCounters(registry),
    clock,
    logger,
  });
}

/** What is an agent, or may be one. */
function agentsOf(targets: Targets): Agent[] {
  return targets.asked().flatMap(({ target, state }) => {
    const kind = state.kind ?? target.job.kind;
    if (kind !== "agent" && (kind !== undefined || state.health === "up")) return [];
    const { node, health, failures, lastSuccess, error } = state;
    return {
      // Asked for by few, and parsing costs much where there are thousands.
      get url() {
        return agentBase(target.url);
      },
      peer: target.job.peer,
      node,
      health,
      failures,
      lastSuccess,
      trouble: error?.message,
      interval: target.scrapeInterval,
    };
  });
}

function* runningIn(cluster: Cluster, now: number): Generator<RecentSubject> {
  for (const one of cluster.recent(now)) if (one.isRunning) yield one;
}

/** How many samples more can wait for the disk. */
function roomIn(history: History | undefined): number {
  if (history === undefined) return Number.POSITIVE_INFINITY;
  const { capacity, queued } = history.state();
  return capacity - queued;
}

async function openHistory(
  config: AggregatorConfig,
  parts: Parts,
  logger: Logger,
  clock: Clock,
): Promise<History | undefined> {
  const history = await allHistories[config["history.kind"]]({
    directory: config["history.dir"],
    retention: config.retention * 1000,
    now: () => clock.now(),
    logger,
  });
  return history === undefined ? undefined : parts.use("history", history);
}

async function serve(
  config: AggregatorConfig,
  parts: Parts,
  logger: Logger,
  view: ClusterView,
): Promise<string> {
  const app = await createHttpServer({
    title: "Plimsoll aggregator",
    description: "What the containers of a cluster use, now and in the past.",
    version,
    logger,
    ready: () => readiness(view),
  });
  for (const route of allRoutes) await route(app, view);
  const server = parts.use("HTTP server", await listen(app, config.listen, logger));
  logger.info({ url: server.url }, "the aggregator answers");
  return server.url;
}

function everyMinute(work: () => void): Part {
  const task = schedule(EVERY_MINUTE, work, { suppressMissedWarning: true });
  return { close: () => task.destroy() };
}

/** The page is built beside the compiled program; from the sources it is where the build puts it. */
function builtPage(): string {
  const path = import.meta.url.endsWith(".ts") ? "../dist/aggregator/web/" : "./web/";
  return fileURLToPath(new URL(path, import.meta.url));
}
