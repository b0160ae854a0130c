import { fileURLToPath } from "node:url";

import { schedule } from "node-cron";
import { Registry } from "prom-client";

import { type Clock, systemClock } from "../lib/clock.ts";
import { createHttpServer, listen } from "../lib/http/server.ts";
import { openWebConfig } from "../lib/http/web-config/web-config.ts";
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
import { keptTiers } from "./history/settings.ts";
import { configuredJobs } from "./jobs/configured.ts";
import { Jobs } from "./jobs/jobs.ts";
import type { Batch } from "./model/batch.ts";
import { Cluster, type RecentSubject } from "./model/cluster.ts";
import { cursorsOfAll, FirstBatches, storedOf, timesOfAll } from "./model/stored.ts";
import { agentBase } from "./scrape/agent.ts";
import { createScrapeCounters } from "./scrape/counters.ts";
import { SeriesStore } from "./scrape/series/series-store.ts";
import { Targets } from "./scrape/targets.ts";
import { Sinks } from "./sinks/sinks.ts";

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
  const sinks = parts.use("sinks", await Sinks.open(config, { clock, logger, folder }));
  const { cluster, series, targets } = gather(config, parts, {
    history,
    sinks,
    registry,
    clock,
    logger,
  });
  const events = parts.use(
    "events",
    await openEvents(config, { cluster, targets, registry, clock, logger }),
  );
  history?.keepEvents?.(events.log);
  sinks.follow(events.log);
  const jobs = new Jobs({
    clock,
    logger,
    folder,
    orchestrators: events.orchestrators,
    shard: config.shard,
    found: (all) => targets.set(all),
  });
  const url = await serve(config, parts, logger, {
    clusterName: config["cluster.name"],
    targets: () => targets.states(),
    jobs: () => jobs.states(),
    cluster,
    events,
    series,
    history,
    sinks: () => sinks.states(),
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

/** What samples and series are handed to. */
interface Stores {
  readonly history: History | undefined;
  readonly sinks: Sinks;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is asked for samples and series, and who gets them. */
function gather(config: AggregatorConfig, parts: Parts, stores: Stores): Gathering {
  const { history, sinks, registry, clock, logger } = stores;
  const { cluster, deliver } = resume(history, sinks);
  parts.use(
    "forgetting",
    everyMinute(() => {
      cluster.forget(clock.now());
      void sinks.tidy();
    }),
  );
  const series = new SeriesStore(config.scrape_series_memory);
  const targets = new Targets({
    cluster,
    series,
    deliver,
    send: (scraped) => sinks.take({ kind: "series", scraped }),
    free: () => roomIn(history),
    counters: createScrapeCounters(registry),
    clock,
    logger,
  });
  return { cluster, series, targets };
}

interface Gathering {
  readonly cluster: Cluster;
  readonly series: SeriesStore;
  readonly targets: Targets;
}

/** A cluster that goes on where the store that has the least ends, and hands each what it has not. */
function resume(
  history: History | undefined,
  sinks: Sinks,
): { readonly cluster: Cluster; readonly deliver: (batch: Batch) => void } {
  const until = history?.storedUntil ?? new Map();
  const stored = storedOf(until, history?.storedCursors ?? new Map());
  const first = new FirstBatches(stored);
  const cluster = new Cluster(
    timesOfAll(until, sinks.stored),
    cursorsOfAll([stored, ...sinks.stored]),
  );
  return {
    cluster,
    deliver(batch) {
      history?.append(first.rest(batch));
      sinks.take({ kind: "samples", batch });
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
    maxAge: config["events.retention"] * 1000,
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
    ...keptTiers(config),
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
  const web = openWebConfig(config["web.config.file"], logger);
  if (web !== undefined) parts.use("web config", web).addMetrics(view.registry);
  const app = await createHttpServer({
    ...web?.protection,
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
