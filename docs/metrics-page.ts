import { allMetrics, allStats } from "../wire/metrics/all.ts";
import { machineMetrics } from "../wire/metrics/machine.ts";
import type { Derivation } from "../wire/metrics/metric.ts";
import { specMetrics } from "../wire/metrics/spec.ts";

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [row(...head), row(...head.map(() => "---")), ...rows].join("\n");
}

function families(): string {
  const rows = allMetrics.flatMap(({ family, type, group, per }) => {
    if (family === undefined) return [];
    const fixed = Object.entries(family.labels ?? {}).map(([name, value]) => `${name}="${value}"`);
    const labels = [...fixed, ...(per === undefined ? [] : [per])].join(", ");
    return [row(`\`${family.name}\``, type, group, labels, family.help)];
  });
  return table(["family", "type", "group", "labels", "what"], rows);
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
  const rows = allStats.map(({ name, unit, rollUp, from, help }) =>
    row(`\`${name}\``, unit, rollUp, source(from), help),
  );
  return table(["statistic", "unit", "of several", "made from", "what"], rows);
}

function others(): string {
  const rows = [...specMetrics, ...machineMetrics].map(({ name, help }) =>
    row(`\`${name}\``, help),
  );
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

## Statistics, in /stats of agent and aggregator

"of several" says how the values of several containers become one of their group.

${statistics()}
`;
}
