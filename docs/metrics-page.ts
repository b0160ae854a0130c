import { allMetrics, allSeries, allStats, newestMetrics } from "../wire/metrics/all.ts";
import { machineMetrics } from "../wire/metrics/machine.ts";
import type { Derivation, Family, Metric, Series } from "../wire/metrics/metric.ts";
import { specMetrics } from "../wire/metrics/spec.ts";
import { ownFamilies } from "./own-families.ts";
import { table } from "./table.ts";

function familyRow(
  family: Family,
  { type, group }: Metric | Series,
  per: readonly string[],
): string[] {
  const fixed = Object.entries(family.labels ?? {}).map(([name, value]) => `${name}="${value}"`);
  return [`\`${family.name}\``, type, group, [...fixed, ...per].join(", "), family.help];
}

function byName([a = ""]: readonly string[], [b = ""]: readonly string[]): number {
  return a < b ? -1 : 1;
}

function families(): string {
  const plain = [...allMetrics, ...newestMetrics].flatMap((metric) =>
    metric.family === undefined ? [] : [familyRow(metric.family, metric, [])],
  );
  const several = allSeries.map((series) => familyRow(series.family, series, series.per));
  return table(
    ["family", "type", "group", "labels", "what"],
    [...plain, ...several].toSorted(byName),
  );
}

function source(from: Derivation): string {
  switch (from.kind) {
    case "value":
      return `\`${from.of.name}\``;
    case "rate":
      return `growth of \`${from.of.name}\` a second`;
    case "ratio":
      return `growth of \`${from.of.name}\` over that of \`${from.over.name}\``;
    case "share":
      return `\`${from.of.name}\` over the limit \`${from.limit}\``;
  }
}

function statistics(): string {
  const rows = allStats.map(({ name, unit, rollUp, from, help }) => [
    `\`${name}\``,
    unit,
    rollUp,
    source(from),
    help,
  ]);
  return table(["statistic", "unit", "of several", "made from", "what"], rows);
}

function others(): string {
  const rows = [...specMetrics, ...machineMetrics].map(({ name, help }) => [`\`${name}\``, help]);
  return table(["family", "what"], rows);
}

/** The page of every metric, made from its descriptions. */
export function metricsPage(): string {
  return `# Metrics

Made from the descriptions in \`wire/metrics/\` by \`npm run docs\`.

## Containers, on the agent's /metrics

Each series carries \`id\` (the cgroup's path), and \`name\` and \`image\` where an engine owns it.
A group is switched off by \`--metrics-disable\`. What can't be measured has no series.

${families()}

## Limits and the machine, on the agent's /metrics

Gauges. Those of the machine carry \`machine_id\`, \`system_uuid\` and \`boot_id\`.

${others()}

\`container_info\` has the labels of each container, once, as \`container_label_*\`;
\`container_start_time_seconds\` and \`container_last_seen\` are Unix times.

${ownFamilies()}

## Statistics, in /stats of agent and aggregator

"of several" says how the values of several containers become one of their group.

${statistics()}
`;
}
