import { Fields } from "../../lib/config/fields.ts";
import { Unfit } from "../../lib/config/option.ts";
import { parsePeer } from "../../lib/http/peer-config.ts";
import { parseDiscoveries } from "../discovery/all.ts";
import { type GlobalSettings, parseCount, parseLimits, positiveDuration } from "./global.ts";
import { type Job, JOB_KINDS, type JobKind, LONGEST_AGENT_INTERVAL } from "./job.ts";
import { parseRelabelRules } from "./relabel-rule.ts";

/** Prometheus's defaults. Milliseconds. */
const DEFAULT_INTERVAL = 60_000;
const DEFAULT_TIMEOUT = 10_000;

/** What a job of agents has if nobody says anything. Milliseconds. */
const DEFAULT_AGENT_INTERVAL = 15_000;

/** Where metrics are asked for if nobody says anything: Prometheus's defaults. */
const USUAL = { metricsPath: "/metrics", scheme: "http" } as const;

/**
 * A kubelet shows its containers only here, and on its own port only over TLS.
 * https://kubernetes.io/docs/reference/instrumentation/node-metrics/
 */
const USUAL_OF_KUBELETS = { metricsPath: "/metrics/cadvisor", scheme: "https" } as const;

/** Prometheus's fields that change nothing of what is scraped here. */
const ignored = [
  "scrape_protocols",
  "fallback_scrape_protocol",
  "enable_compression",
  "scrape_failure_log_file",
  "track_timestamps_staleness",
  "scrape_native_histograms",
  "scrape_classic_histograms",
  "always_scrape_classic_histograms",
  "convert_classic_histograms_to_nhcb",
  "native_histogram_bucket_limit",
  "native_histogram_min_bucket_factor",
  "extra_scrape_metrics",
  "metric_name_validation_scheme",
  "metric_name_escaping_scheme",
] as const;

/** Prometheus's other ways of finding targets. */
const otherDiscoveries = [
  "azure_sd_configs",
  "digitalocean_sd_configs",
  "ec2_sd_configs",
  "eureka_sd_configs",
  "gce_sd_configs",
  "hetzner_sd_configs",
  "ionos_sd_configs",
  "kuma_sd_configs",
  "lightsail_sd_configs",
  "linode_sd_configs",
  "marathon_sd_configs",
  "nerve_sd_configs",
  "nomad_sd_configs",
  "openstack_sd_configs",
  "ovhcloud_sd_configs",
  "puppetdb_sd_configs",
  "scaleway_sd_configs",
  "serverset_sd_configs",
  "stackit_sd_configs",
  "triton_sd_configs",
  "uyuni_sd_configs",
  "vultr_sd_configs",
] as const;

/**
 * Reads the list `scrape_configs`; throws Unfit that names the field by its path. Nothing is asked
 * and no file is read.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
export function parseScrapeConfigs(raw: unknown, global: GlobalSettings): readonly Job[] {
  if (raw === null || raw === undefined) return [];
  if (!Array.isArray(raw)) throw new Unfit("must be a list");
  const entries: readonly unknown[] = raw;
  const jobs = entries.map((entry, index) => parseJob(entry, `[${index}]`, global));
  const names = jobs.map(({ name }) => name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice !== -1) throw new Unfit(`[${twice}].job_name is another job's too; give each its own`);
  return jobs;
}

function parseJob(entry: unknown, path: string, global: GlobalSettings): Job {
  const fields = new Fields(entry, path);
  for (const name of otherDiscoveries) {
    if (fields.has(name)) throw fields.fault(name, "is not supported; http_sd_configs may serve");
  }
  for (const name of ignored) fields.has(name);
  const kind = fields.choice("kind", JOB_KINDS);
  const usual = kind === "kubelet" ? USUAL_OF_KUBELETS : USUAL;
  const job: Job = {
    name: fields.needed("job_name"),
    kind,
    ...timesOf(fields, kind, global),
    metricsPath: fields.text("metrics_path", usual.metricsPath),
    scheme: fields.choice("scheme", ["http", "https"], usual.scheme),
    params: paramsOf(fields),
    honorLabels: fields.flag("honor_labels", false),
    honorTimestamps: fields.flag("honor_timestamps", true),
    peer: parsePeer(fields),
    limits: parseLimits(fields, global.limits),
    externalLabels: global.externalLabels,
    keepDroppedTargets: parseCount(fields, "keep_dropped_targets", global.keepDroppedTargets),
    discoveries: parseDiscoveries(fields),
    relabel: parseRelabelRules(fields, "relabel_configs"),
    metricRelabel: parseRelabelRules(fields, "metric_relabel_configs"),
  };
  fields.end();
  return job;
}

function timesOf(
  fields: Fields,
  kind: JobKind | undefined,
  global: GlobalSettings,
): Pick<Job, "scrapeInterval" | "scrapeTimeout"> {
  const usual = kind === "agent" ? DEFAULT_AGENT_INTERVAL : DEFAULT_INTERVAL;
  const scrapeInterval =
    positiveDuration(fields, "scrape_interval") ?? global.scrapeInterval ?? usual;
  if (kind === "agent" && scrapeInterval > LONGEST_AGENT_INTERVAL) {
    const problem =
      "must be at most 45s for agents, which keep a minute; longer would lose seconds";
    throw fields.fault("scrape_interval", problem);
  }
  const ownTimeout = positiveDuration(fields, "scrape_timeout");
  if (ownTimeout !== undefined && ownTimeout > scrapeInterval) {
    throw fields.fault("scrape_timeout", "must not be longer than scrape_interval");
  }
  const scrapeTimeout =
    ownTimeout ?? Math.min(global.scrapeTimeout ?? DEFAULT_TIMEOUT, scrapeInterval);
  return { scrapeInterval, scrapeTimeout };
}

function paramsOf(fields: Fields): Job["params"] {
  const params = fields.object("params");
  if (params === undefined) return {};
  const read = params
    .names()
    .map((name): [string, readonly string[]] => [name, params.texts(name)]);
  return Object.fromEntries(read);
}
