import type { Discovery, DiscoveryKind } from "../../aggregator/discovery/discovery.ts";
import { Fields } from "../../lib/config/fields.ts";
import type { Labels } from "../../wire/labels.ts";
import { discoveryContext } from "../aggregator/discovery/suite.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";

/** What a discovery has found until now: the labels of each target, sorted. */
export interface Found {
  readonly targets: () => readonly Labels[] | undefined;
  readonly discovery: Discovery;
}

/** Starts a discovery of ours on an entry of its key's list. */
export function discover(kind: DiscoveryKind, entry: unknown): Found {
  const discovery = kind.parse(new Fields(entry, "[0]"))(discoveryContext());
  let targets: readonly Labels[] | undefined;
  discovery.start((groups) => {
    targets = inOrder(
      groups.flatMap((group) => group.targets.map((target) => ({ ...group.labels, ...target }))),
    );
  });
  return { discovery, targets: () => targets };
}

/**
 * Starts a Prometheus that discovers by the same entries, each a job of its own, and scrapes none of
 * what it finds, so that nothing is sent to anyone.
 */
export function startDiscovering(
  jobs: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<Prometheus> {
  const nothing = [{ action: "drop", source_labels: [], regex: ".*" }];
  const config = {
    scrape_configs: Object.entries(jobs).map(([name, discoveries]) => ({
      job_name: name,
      relabel_configs: nothing,
      ...discoveries,
    })),
  };
  // JSON is YAML.
  return startPrometheus({ config: JSON.stringify(config) });
}

/** What Prometheus has found for a job, without what it adds to every target. */
export async function discoveredBy(prometheus: Prometheus, job: string): Promise<Labels[]> {
  const response = await fetch(`${prometheus.url}/api/v1/targets?state=dropped`);
  const answer: { data: { droppedTargets: { discoveredLabels: Record<string, string> }[] } } =
    JSON.parse(await response.text());
  const all = answer.data.droppedTargets.map(({ discoveredLabels }) => discoveredLabels);
  return inOrder(all.filter((labels) => labels["job"] === job).map(withoutOwn));
}

const OWN = [
  "__scheme__",
  "__metrics_path__",
  "__scrape_interval__",
  "__scrape_timeout__",
  "job",
] as const;

function withoutOwn(labels: Labels): Labels {
  return without(labels, OWN);
}

/** Labels but for some. */
export function without(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

/** Targets in an order of their own, as neither says them in one. */
export function inOrder(targets: readonly Labels[]): Labels[] {
  return targets
    .map((labels) =>
      Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    )
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
