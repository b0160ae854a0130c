import { BytesIEC, Short } from "@grafana/grafana-foundation-sdk/units";

import type { Choice, Dashboard, Panel } from "./dashboard.ts";
import { groupGraphs, groupTable } from "./groups.ts";
import {
  AGENTS,
  aggregator,
  CONTAINERS,
  grown,
  job,
  node,
  oomMarks,
  rate,
  sumBy,
} from "./promql.ts";

const NO_SWARM = "No container here belongs to a service of Swarm";

const stack: Choice = {
  name: "stack",
  label: "Stack",
  prometheus: `label_values(container_group_containers{${AGENTS},group="stack"}, name)`,
  all: true,
};

// Services of Compose have a project, those of Swarm may have a stack or none.
const SERVICES = `${AGENTS},group="service",compose_project="",stack=~"$stack"`;

const TASK = "container_label_com_docker_swarm_task_name";

/** A number of each container under the name of its task. */
function byTask(expression: string): string {
  const info = `container_info{${AGENTS},${TASK}!="",container_label_com_docker_stack_namespace=~"$stack"}`;
  return `topk(20, ${sumBy(`instance, ${TASK}`, `(${expression}) * on (job, instance, id) group_left (${TASK}) ${info}`)})`;
}

const tasks: readonly Panel[] = [
  {
    kind: "graph",
    title: "CPU by task",
    description: "Cores in use of the twenty busiest tasks.",
    unit: Short,
    width: 12,
    noValue: NO_SWARM,
    queries: [
      {
        prometheus: byTask(rate("container_cpu_usage_seconds_total", CONTAINERS)),
        legend: `{{${TASK}}} on {{instance}}`,
      },
    ],
  },
  {
    kind: "graph",
    title: "Memory by task",
    description: "Working sets of the twenty largest tasks.",
    unit: BytesIEC,
    width: 12,
    noValue: NO_SWARM,
    queries: [
      {
        prometheus: byTask(`container_memory_working_set_bytes{${CONTAINERS}}`),
        legend: `{{${TASK}}} on {{instance}}`,
      },
    ],
  },
];

const changes: Panel = {
  kind: "counts",
  title: "What Swarm did",
  description:
    "Services scaled, tasks moved to another node, roll-outs finished: seen by the aggregator.",
  unit: Short,
  width: 24,
  noValue: "Prometheus has to scrape an aggregator as well",
  queries: [
    {
      prometheus: sumBy(
        "type",
        grown(
          "plimsoll_aggregator_events_total",
          'instance=~"$aggregator",type=~"service_scaled|task_rescheduled|rollout_finished"',
          "$__interval",
        ),
      ),
      legend: "{{type}}",
    },
  ],
};

/** Docker Swarm: stacks, services, tasks. */
export const swarm: Dashboard = {
  name: "swarm",
  title: "Swarm",
  description:
    "Services of Docker Swarm over all nodes, their tasks, and what Swarm did with them.",
  choices: [job, node, stack, aggregator],
  marks: [oomMarks(CONTAINERS)],
  rows: [
    {
      title: "Services now",
      panels: [groupTable(SERVICES, "name, stack", { name: "Service", stack: "Stack" })],
    },
    {
      title: "Services over time",
      panels: groupGraphs(SERVICES, "name, stack", "{{name}}").map((panel) => ({
        ...panel,
        noValue: NO_SWARM,
      })),
    },
    { title: "Tasks", panels: tasks },
    { title: "Changes", panels: [changes] },
  ],
};
