import { Fields } from "../../lib/config/fields.ts";
import { isLabelName } from "../../lib/label-name.ts";
import type { Labels } from "../../wire/labels.ts";
import type { ScrapeLimits } from "./job.ts";

/** The section `global`: what each job has that says nothing else. */
export interface GlobalSettings {
  /** Milliseconds. */
  readonly scrapeInterval: number | undefined;
  /** Milliseconds. */
  readonly scrapeTimeout: number | undefined;
  readonly externalLabels: Labels;
  readonly limits: ScrapeLimits;
  readonly keepDroppedTargets: number;
}

/** Prometheus's other fields, which mean nothing here: there are no rules and no query log. */
const ignored = [
  "evaluation_interval",
  "rule_query_offset",
  "query_log_file",
  "runtime",
  "scrape_protocols",
  "scrape_failure_log_file",
  "scrape_native_histograms",
  "always_scrape_classic_histograms",
  "convert_classic_histograms_to_nhcb",
  "extra_scrape_metrics",
  "metric_name_validation_scheme",
  "metric_name_escaping_scheme",
] as const;

const NO_LIMITS: ScrapeLimits = {
  bodyBytes: 0,
  samples: 0,
  labels: 0,
  labelNameLength: 0,
  labelValueLength: 0,
  targets: 0,
};

/** Nothing said. */
export const NO_GLOBAL: GlobalSettings = {
  scrapeInterval: undefined,
  scrapeTimeout: undefined,
  externalLabels: {},
  limits: NO_LIMITS,
  keepDroppedTargets: 0,
};

/**
 * Reads the section `global`; throws Unfit that names the field.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
 */
export function parseGlobal(raw: unknown): GlobalSettings {
  const fields = new Fields(raw, "");
  for (const name of ignored) fields.has(name);
  const parsed: GlobalSettings = {
    scrapeInterval: positiveDuration(fields, "scrape_interval"),
    scrapeTimeout: positiveDuration(fields, "scrape_timeout"),
    externalLabels: externalLabelsOf(fields),
    limits: parseLimits(fields, NO_LIMITS),
    keepDroppedTargets: parseCount(fields, "keep_dropped_targets", 0),
  };
  fields.end();
  return parsed;
}

/** A duration that is not 0, in milliseconds. */
export function positiveDuration(fields: Fields, name: string): number | undefined {
  const duration = fields.duration(name);
  if (duration === 0) throw fields.fault(name, "must be longer than 0");
  return duration;
}

/** Reads the limits of a job or of all; 0 in a job means what stands in `global`. */
export function parseLimits(fields: Fields, otherwise: ScrapeLimits): ScrapeLimits {
  const count = (name: string, fallback: number): number => parseCount(fields, name, fallback);
  return {
    bodyBytes: fields.bytes("body_size_limit") || otherwise.bodyBytes,
    samples: count("sample_limit", otherwise.samples),
    labels: count("label_limit", otherwise.labels),
    labelNameLength: count("label_name_length_limit", otherwise.labelNameLength),
    labelValueLength: count("label_value_length_limit", otherwise.labelValueLength),
    targets: count("target_limit", otherwise.targets),
  };
}

/** How many of something; `fallback` for 0 too, as Prometheus has it. */
export function parseCount(fields: Fields, name: string, fallback: number): number {
  return fields.integer(name, { min: 0, max: Number.MAX_SAFE_INTEGER }, 0) || fallback;
}

function externalLabelsOf(fields: Fields): Labels {
  const labels = fields.textMap("external_labels");
  for (const name of Object.keys(labels)) {
    if (isLabelName(name) && !name.startsWith("__")) continue;
    const problem = "is no label's name: use letters, digits and _, and no __ at its start";
    throw fields.fault(`external_labels.${name}`, problem);
  }
  return labels;
}
