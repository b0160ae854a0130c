import { Counter, Histogram, type Registry } from "prom-client";

import { DROP_CAUSES, type DropCause } from "./exposition/page-reader.ts";
import { FAILURE_REASONS, type FailureReason } from "./failure.ts";
import type { Came } from "./kind.ts";
import { secondsOf } from "./target-state.ts";

/** What is counted of scraping. */
export interface ScrapeCounters {
  succeeded(came: Came): void;
  failed(reason: FailureReason): void;
  /** Samples of a page that were left out. */
  dropped(dropped: Readonly<Record<DropCause, number>>): void;
  /** Milliseconds after its turn at which a target was asked. */
  late(milliseconds: number): void;
}

/** Counts on a registry. */
export function createScrapeCounters(registry: Registry): ScrapeCounters {
  const registers = [registry];
  const scrapes = new Counter({
    name: "plimsoll_aggregator_scrapes_total",
    help: "Answers of targets that were taken in.",
    registers,
  });
  const failures = new Counter({
    name: "plimsoll_aggregator_scrape_failures_total",
    help: "Answers of targets that could not be had or not be used.",
    labelNames: ["reason"],
    registers,
  });
  const samples = new Counter({
    name: "plimsoll_aggregator_scraped_samples_total",
    help: "New samples that targets have handed over.",
    registers,
  });
  const gaps = new Counter({
    name: "plimsoll_aggregator_gap_seconds_total",
    help: "Seconds of a node whose samples nobody has any more.",
    labelNames: ["node", "cause"],
    registers,
  });
  const drops = new Counter({
    name: "plimsoll_aggregator_scrape_dropped_samples_total",
    help: "Samples of pages that were left out.",
    labelNames: ["cause"],
    registers,
  });
  const lateness = new Histogram({
    name: "plimsoll_aggregator_scrape_lateness_seconds",
    help: "How long after its turn a target that answers was asked.",
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 15],
    registers,
  });
  // So that a rate is right from the first failure on.
  for (const reason of FAILURE_REASONS) failures.inc({ reason }, 0);
  for (const cause of DROP_CAUSES) drops.inc({ cause }, 0);
  return {
    succeeded({ node = "", samples: count, gap }) {
      scrapes.inc();
      samples.inc(count);
      if (gap !== undefined) gaps.inc({ node, cause: gap.cause }, secondsOf(gap));
    },
    failed: (reason) => failures.inc({ reason }),
    dropped(dropped) {
      for (const cause of DROP_CAUSES) drops.inc({ cause }, dropped[cause]);
    },
    late: (milliseconds) => lateness.observe(Math.max(0, milliseconds) / 1000),
  };
}
