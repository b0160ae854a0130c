import { BytesIEC, BytesPerSecondIEC, Short } from "@grafana/grafana-foundation-sdk/units";

import type { Choice, Dashboard, Panel } from "./dashboard.ts";
import { AGENTS, CONTAINERS, job, node, oomMarks, rate, sumBy } from "./promql.ts";

/** What tells groups of one kind apart: services of two projects may have one name. */
const BY = "group, name, compose_project, stack, namespace";
const WHO = "{{name}} {{compose_project}}{{stack}}{{namespace}}";

/** Lines of the busiest groups only. */
const MOST = 20;

const kind: Choice = {
  name: "kind",
  label: "Kind",
  prometheus: `label_values(container_group_containers{${AGENTS}}, group)`,
  all: false,
};

const member: Choice = {
  name: "group",
  label: "Group",
  prometheus: `label_values(container_group_containers{${AGENTS},group=~"$kind"}, name)`,
  all: true,
};

const GROUPS = `${AGENTS},group=~"$kind",name=~"$group"`;

/** A graph for each statistic of groups of containers; the same for services, stacks and pods. */
export function groupGraphs(selector: string, labels: string, who: string): readonly Panel[] {
  const graph = (title: string, unit: string, description: string, expression: string): Panel => ({
    kind: "graph",
    title,
    description,
    unit,
    width: 12,
    queries: [{ prometheus: `topk(${MOST}, ${expression})`, legend: who }],
  });
  const growth = (name: string): string =>
    sumBy(labels, rate(`container_group_${name}_total`, selector));
  return [
    graph(
      "CPU",
      Short,
      "Cores in use by all containers together; it goes on where they are made anew.",
      growth("cpu_usage_seconds"),
    ),
    graph(
      "Memory",
      BytesIEC,
      "Working sets of all containers together.",
      sumBy(labels, `container_group_memory_working_set_bytes{${selector}}`),
    ),
    graph(
      "Containers",
      Short,
      "How many run.",
      sumBy(labels, `container_group_containers{${selector}}`),
    ),
    {
      ...graph(
        "Throttled",
        Short,
        "Seconds a second that tasks waited because a quota had run out.",
        growth("cpu_cfs_throttled_seconds"),
      ),
      noValue: "No CPU limit is set",
    },
    {
      ...graph(
        "Received",
        BytesPerSecondIEC,
        "By all containers.",
        growth("network_receive_bytes"),
      ),
      noValue: "They have no network of their own",
    },
    {
      ...graph("Sent", BytesPerSecondIEC, "By all containers.", growth("network_transmit_bytes")),
      noValue: "They have no network of their own",
    },
  ];
}

/** The fifty busiest groups, and what they use. */
export function groupTable(
  selector: string,
  labels: string,
  keys: Readonly<Record<string, string>>,
): Panel {
  const busiest = `topk(50, ${sumBy(labels, rate("container_group_cpu_usage_seconds_total", selector))})`;
  const beside = (expression: string): string =>
    `${sumBy(labels, expression)} and on (${labels}) ${busiest}`;
  return {
    kind: "table",
    title: "Busiest",
    description: "The 50 that use most CPU.",
    unit: Short,
    width: 24,
    keys,
    queries: [
      { prometheus: busiest, legend: "CPU cores", unit: Short },
      {
        prometheus: beside(`container_group_memory_working_set_bytes{${selector}}`),
        legend: "Memory",
        unit: BytesIEC,
      },
      {
        prometheus: beside(`container_group_containers{${selector}}`),
        legend: "Containers",
        unit: Short,
      },
      {
        prometheus: beside(`increase(container_group_oom_events_total{${selector}}[$__range])`),
        legend: "Killed for lack of memory",
        unit: Short,
      },
    ],
  };
}

/** Compose projects, services, stacks, namespaces, pods and the operator's own groups. */
export const groups: Dashboard = {
  name: "groups",
  title: "Groups",
  description: "What belongs together: compose projects, services, stacks, namespaces, pods.",
  choices: [job, node, kind, member],
  marks: [oomMarks(CONTAINERS)],
  rows: [
    {
      title: "Now",
      panels: [
        groupTable(GROUPS, BY, {
          group: "Kind",
          name: "Name",
          compose_project: "Project",
          stack: "Stack",
          namespace: "Namespace",
        }),
      ],
    },
    { title: "Over time", panels: groupGraphs(GROUPS, BY, WHO) },
  ],
};
