import { formatDuration, parseDuration } from "../../lib/config/duration.ts";
import type { Labels } from "../../wire/labels.ts";
import type { TargetGroup } from "../discovery/discovery.ts";
import type { Job } from "./job.ts";
import { relabel } from "./relabel.ts";
import type { Target } from "./target.ts";

/** Something found that is not scraped. */
export interface DroppedTarget {
  readonly discoveredLabels: Labels;
  /** What is wrong with it; absent if relabelling has dropped it. */
  readonly trouble?: string;
}

/** What a job makes of what its discoveries have found. */
export interface MadeTargets {
  readonly targets: readonly Target[];
  /** At most `keep_dropped_targets` of them, in any case not more than 1 000. */
  readonly dropped: readonly DroppedTarget[];
  readonly droppedCount: number;
  /** Why the whole job is not scraped. */
  readonly trouble?: string;
}

const MOST_DROPPED_KEPT = 1000;

/** Why a target cannot be scraped. */
class Unusable extends Error {}

/**
 * The targets of a job as Prometheus makes them from what was found: the job's own fields as labels,
 * relabelling, `instance`, and away with `__…`. As from Prometheus 3 on, no port is added.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
export function makeTargets(job: Job, groups: readonly TargetGroup[]): MadeTargets {
  const targets = new Map<string, Target>();
  const mostKept = Math.min(job.keepDroppedTargets || MOST_DROPPED_KEPT, MOST_DROPPED_KEPT);
  const dropped: DroppedTarget[] = [];
  let droppedCount = 0;
  for (const discoveredLabels of foundIn(job, groups)) {
    const made = makeTarget(job, discoveredLabels);
    if ("target" in made) targets.set(made.key, made.target);
    else if (++droppedCount <= mostKept) dropped.push({ discoveredLabels, ...made });
  }
  const limit = job.limits.targets;
  if (limit === 0 || targets.size <= limit) {
    return { targets: [...targets.values()], dropped, droppedCount };
  }
  const trouble = `${targets.size} targets are more than target_limit, which is ${limit}`;
  return { targets: [], dropped, droppedCount, trouble };
}

/** The labels of everything found, before relabelling. */
function* foundIn(job: Job, groups: readonly TargetGroup[]): Generator<Labels> {
  const own = labelsOfJob(job);
  for (const { labels, targets } of groups) {
    for (const target of targets) {
      // An empty label is one that is not there, so it hides nothing of the job's.
      const found = Object.entries({ ...labels, ...target }).filter(([, value]) => value !== "");
      yield { ...own, ...Object.fromEntries(found) };
    }
  }
}

function labelsOfJob(job: Job): Labels {
  const params = Object.entries(job.params).flatMap(([name, [first]]) =>
    first === undefined || first === "" ? [] : [[`__param_${name}`, first]],
  );
  return {
    job: job.name,
    __scrape_interval__: formatDuration(job.scrapeInterval / 1000),
    __scrape_timeout__: formatDuration(job.scrapeTimeout / 1000),
    __metrics_path__: job.metricsPath,
    __scheme__: job.scheme,
    ...Object.fromEntries(params),
  };
}

/** A target with what tells it from others of its job, or why there is none. */
function makeTarget(
  job: Job,
  discoveredLabels: Labels,
): { readonly target: Target; readonly key: string } | { readonly trouble?: string } {
  const labels = relabel(discoveredLabels, job.relabel);
  if (labels === undefined) return {};
  try {
    const own: Record<string, string> = {};
    const told: [string, string][] = [];
    for (const [name, value] of Object.entries(labels)) {
      if (!name.startsWith("__")) own[name] = value;
      if (!name.startsWith("__meta_")) told.push([name, value]);
    }
    own["instance"] ??= labels["__address__"] ?? "";
    const url = urlOf(job, labels);
    const target = { job, url, labels: own, discoveredLabels, ...timesOf(job, labels) };
    return { target, key: JSON.stringify([url, told.toSorted(([a], [b]) => (a < b ? -1 : 1))]) };
  } catch (error) {
    if (error instanceof Unusable) return { trouble: error.message };
    throw error;
  }
}

function urlOf(job: Job, labels: Labels): string {
  const { __address__: address = "", __scheme__: scheme = "" } = labels;
  if (address === "") throw new Unusable("has no __address__");
  if (/[/@?#\s\\]/u.test(address)) throw new Unusable("__address__ is not HOST:PORT");
  if (scheme !== "http" && scheme !== "https") {
    throw new Unusable("__scheme__ is neither http nor https");
  }
  const base = `${scheme}://${address}`;
  if (!URL.canParse(base)) throw new Unusable("__address__ is not HOST:PORT");
  const url = new URL(base);
  url.pathname = labels["__metrics_path__"] ?? "/";
  url.search = searchOf(job, labels);
  return url.href;
}

/** The parameters in the order of their names; a label has the first value of its name. */
function searchOf(job: Job, labels: Labels): string {
  const params = new Map(Object.entries(job.params));
  for (const [label, value] of Object.entries(labels)) {
    if (!label.startsWith("__param_")) continue;
    const name = label.slice("__param_".length);
    params.set(name, [value, ...(params.get(name) ?? []).slice(1)]);
  }
  const search = new URLSearchParams();
  for (const [name, values] of params) for (const value of values) search.append(name, value);
  search.sort();
  return search.toString();
}

function timesOf(job: Job, labels: Labels): Pick<Target, "scrapeInterval" | "scrapeTimeout"> {
  const scrapeInterval = durationOf(labels, "__scrape_interval__", job.scrapeInterval);
  const scrapeTimeout = durationOf(labels, "__scrape_timeout__", job.scrapeTimeout);
  const isAsJob = scrapeInterval === job.scrapeInterval && scrapeTimeout === job.scrapeTimeout;
  if (!isAsJob && scrapeTimeout > scrapeInterval) {
    throw new Unusable("__scrape_timeout__ is longer than __scrape_interval__");
  }
  return { scrapeInterval, scrapeTimeout };
}

function durationOf(labels: Labels, name: string, ofJob: number): number {
  const text = labels[name] ?? "";
  // What is written in milliseconds need not be all that the job has.
  if (text === formatDuration(ofJob / 1000)) return ofJob;
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds < 0.001) throw new Unusable(`${name} is no duration`);
  return seconds * 1000;
}
