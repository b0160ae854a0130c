import { Short } from "@grafana/grafana-foundation-sdk/units";

import type { Dashboard, Panel } from "./dashboard.ts";
import { aggregator, allMarks, CONTAINERS, grown, job, node, sumBy } from "./promql.ts";

const toContainer = { dashboard: "container", with: { node: "instance", container: "name" } };

function counted(labels: string, types: string, range: string): string {
  return sumBy(labels, grown("container_events_total", `${CONTAINERS},type=~"${types}"`, range));
}

function number(title: string, types: string, description: string, isBad: boolean): Panel {
  return {
    kind: "stat",
    title,
    description,
    unit: Short,
    width: 6,
    noValue: "none",
    ...(isBad ? { steps: [[1, "orange"]] as const } : {}),
    queries: [{ prometheus: `sum(${counted("type", types, "$__range")})`, legend: title }],
  };
}

const counts: readonly Panel[] = [
  number("Started", "started", "Starts of containers in the time shown.", false),
  number("Ended", "died", "Ends of containers in the time shown, planned or not.", false),
  number("Killed for lack of memory", "oom_kill", "Processes killed in the time shown.", true),
  number("Health changed", "health_changed", "Health checks that say something else.", true),
];

const over: readonly Panel[] = [
  {
    kind: "counts",
    title: "By type",
    description: "Events of containers as the agents saw them.",
    unit: Short,
    width: 24,
    noValue: "Nothing has happened",
    queries: [{ prometheus: counted("type", ".+", "$__interval"), legend: "{{type}}" }],
  },
  {
    kind: "counts",
    title: "By node",
    description: "On which nodes things happen.",
    unit: Short,
    width: 12,
    noValue: "Nothing has happened",
    queries: [
      {
        prometheus: `topk(20, ${counted("instance", ".+", "$__interval")})`,
        legend: "{{instance}}",
      },
    ],
  },
  {
    kind: "counts",
    title: "Of the cluster",
    description:
      "What the aggregator adds: nodes that come and go, services scaled, tasks moved, roll-outs finished.",
    unit: Short,
    width: 12,
    noValue: "Prometheus has to scrape an aggregator as well",
    queries: [
      {
        prometheus: sumBy(
          "type",
          grown(
            "plimsoll_aggregator_events_total",
            'instance=~"$aggregator",type=~"node_.*|agent_.*|service_scaled|task_rescheduled|rollout_finished"',
            "$__interval",
          ),
        ),
        legend: "{{type}}",
      },
    ],
  },
];

const most: Panel = {
  kind: "table",
  title: "Containers to which most happens",
  description: "The 50 with most events in the time shown. Many starts and ends are a crash loop.",
  unit: Short,
  width: 24,
  keys: { name: "Container", instance: "Node" },
  opens: toContainer,
  noValue: "Nothing has happened",
  queries: [
    { prometheus: `topk(50, ${counted("instance, name", ".+", "$__range")})`, legend: "All" },
    {
      prometheus: `topk(50, ${counted("instance, name", "started", "$__range")})`,
      legend: "Started",
    },
    { prometheus: `topk(50, ${counted("instance, name", "died", "$__range")})`, legend: "Ended" },
    {
      prometheus: `topk(50, ${counted("instance, name", "oom_kill", "$__range")})`,
      legend: "Killed for lack of memory",
    },
  ],
};

/** What happens to containers. */
export const events: Dashboard = {
  name: "events",
  title: "Events",
  description: "What happens to containers and nodes. Each one in full: `plimsoll events`.",
  choices: [job, node, aggregator],
  marks: allMarks(CONTAINERS),
  rows: [
    { title: "In the time shown", panels: counts },
    { title: "Over time", panels: over },
    { title: "Whom", panels: [most] },
  ],
};
