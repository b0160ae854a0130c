import { groupCounters, groupGauges, groupSize, GROUP_KINDS } from "../wire/metrics/groups.ts";
import { windowFamilies } from "../wire/metrics/window.ts";
import { table } from "./table.ts";

function windows(): string {
  const rows = windowFamilies.map(({ name, help }) => [`\`${name}\``, help]);
  return table(["family", "what"], rows);
}

function groups(): string {
  const rows = [
    ...groupCounters.map(({ name, help }) => [`\`${name}\``, "counter", help]),
    ...[...groupGauges, groupSize].map(({ name, help }) => [`\`${name}\``, "gauge", help]),
  ];
  return table(["family", "type", "what"], rows);
}

function kinds(): string {
  const rows = GROUP_KINDS.map(({ kind, within }) => [
    `\`${kind}\``,
    within.map((parent) => `\`${parent}\``).join(", else "),
  ]);
  return table(["`group`", "label of where it stands in"], rows);
}

/** The families that are the agent's own: windows, groups, and what containers expose. */
export function ownFamilies(): string {
  return `## What happened between two scrapes

Gauges with \`stat="min|avg|max|p95"\`: the numbers of \`/stats\`, over all samples that are kept
(\`--window-seconds\`). Containers and the machine have them; \`--window-statistics\` says \`all\` for
every cgroup, or \`none\`.

${windows()}

## Groups of containers

Each series carries \`group\` (what kind of group), \`name\`, and the group that its name stands in, if
there is one: \`{group="service",name="web",compose_project="shop"}\`.

${kinds()}

The counters go on when containers are made anew, begin anew or go. They count what the agent has
seen: of a container that was there before the agent, from its first sample on; of one that came
later, from its beginning; of one that goes, up to its last sample. A group without containers
keeps its counters for an hour (no more than 1000 of them do); then it begins anew at 0.

${groups()}

## Containers' own metrics

Off unless \`--app-metrics-allow\` names containers (\`*\` is all). One that is named and has these
labels is asked every \`--app-metrics-interval\`:

${table(
  ["label", "what"],
  [
    ["`prometheus.io/scrape`", "`true`"],
    ["`prometheus.io/port`", "the port; not needed where the image exposes only one"],
    ["`prometheus.io/path`", "`/metrics` if not set; begins with one slash, has no `..`"],
  ],
)}

It is asked over plain HTTP at the address that its engine gave it, and nowhere else: not where a
redirect or a proxy leads, not on the machine's own network or addresses, not at loopback or
link-local addresses. It has 5 s and 1 MiB, unpacked. What it exposes is shown with its \`id\`,
\`name\` and \`image\`; its own labels become \`app_<label>\`, except \`le\` of a histogram and
\`quantile\` of a summary. Its types stay. Names that are the agent's or Prometheus's own
(\`container_\`, \`machine_\`, \`cadvisor_\`, \`plimsoll_\`, \`process_\`, \`nodejs_\`, \`scrape_\`, \`up\`) get
\`app_\` before them. Of two containers that give one name different types the first is shown.
Families beyond \`--app-metrics-count-limit\` series, names and values that are too long,
and lines that are not whole are left out, and counted by
\`plimsoll_agent_app_series_dropped_total\`; \`plimsoll_agent_app_scrapes_total\` says how asking
went, or why a container is not asked.`;
}
