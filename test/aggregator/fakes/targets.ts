import type { Job } from "../../../aggregator/jobs/job.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import { PLAIN_PEER } from "../../../lib/http/peer-settings.ts";

/** A job with Prometheus's defaults, and what is said of it. */
export function jobOf(more: Partial<Job> = {}): Job {
  return {
    name: "test",
    kind: "exposition",
    scrapeInterval: 15_000,
    scrapeTimeout: 10_000,
    metricsPath: "/metrics",
    scheme: "http",
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    peer: PLAIN_PEER,
    limits: {
      bodyBytes: 0,
      samples: 0,
      labels: 0,
      labelNameLength: 0,
      labelValueLength: 0,
      targets: 0,
    },
    externalLabels: {},
    keepDroppedTargets: 0,
    discoveries: [],
    relabel: [],
    metricRelabel: [],
    ...more,
  };
}

/** A target of a job, with `job` and `instance` as its labels. */
export function targetOf(url: string, job: Job = jobOf()): Target {
  const labels = { job: job.name, instance: new URL(url).host };
  const { scrapeInterval, scrapeTimeout } = job;
  return { job, url, labels, discoveredLabels: {}, scrapeInterval, scrapeTimeout };
}
