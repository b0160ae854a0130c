import { Counter, type Registry } from "prom-client";

import type { Applied } from "../model/cluster.ts";
import { FAILURE_REASONS, type FailureReason } from "./failure.ts";
import { secondsOf } from "./target-state.ts";

/** What is counted of scraping. */
export interface ScrapeCounters {
  succeeded(node: string, applied: Applied): void;
  failed(reason: FailureReason): void;
}

/** Counts on a registry. */
export function createScrapeCounters(registry: Registry): ScrapeCounters {
  const registers = [registry];
  const scrapes = new Counter({
    name: "plimsoll_aggregator_scrapes_total",
    help: "Answers of agents that were taken in.",
    registers,
  });
  const failures = new Counter({
    name: "plimsoll_aggregator_scrape_failures_total",
    help: "Answers of agents that could not be had or not be used.",
    labelNames: ["reason"],
    registers,
  });
  const samples = new Counter({
    name: "plimsoll_aggregator_scraped_samples_total",
    help: "New samples that agents have handed over.",
    registers,
  });
  const gaps = new Counter({
    name: "plimsoll_aggregator_gap_seconds_total",
    help: "Seconds of a node whose samples nobody has any more.",
    labelNames: ["node"],
    registers,
  });
  // So that a rate is right from the first failure on.
  for (const reason of FAILURE_REASONS) failures.inc({ reason }, 0);
  return {
    succeeded(node, applied) {
      scrapes.inc();
      samples.inc(applied.samples);
      gaps.inc({ node }, secondsOf(applied.gap));
    },
    failed: (reason) => failures.inc({ reason }),
  };
}
