import { BytesIEC, PercentUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";

import type { Choice, Dashboard, Panel, Query } from "./dashboard.ts";
import { aggregator, rate, sumBy } from "./promql.ts";

const job: Choice = {
  name: "job",
  label: "Job",
  prometheus: "label_values(plimsoll_build_info, job)",
  all: true,
};

const program: Choice = {
  name: "node",
  label: "Program",
  prometheus: 'label_values(plimsoll_build_info{job=~"$job"}, instance)',
  all: true,
};

const PROGRAMS = 'job=~"$job",instance=~"$node"';
const AGGREGATORS = 'instance=~"$aggregator"';

/** Only of our own programs: other jobs have metrics of these names, too. */
function ours(expression: string): string {
  return `topk(20, (${expression}) and on (job, instance) plimsoll_build_info{${PROGRAMS}})`;
}

interface Told {
  readonly noValue?: string;
  readonly width?: number;
}

function graph(
  title: string,
  unit: string,
  description: string,
  queries: readonly Query[],
  told: Told = {},
): Panel {
  return { kind: "graph", title, unit, description, width: 12, queries, ...told };
}

const cost: readonly Panel[] = [
  {
    kind: "table",
    title: "Versions",
    description: "Which version runs where.",
    unit: Short,
    width: 12,
    keys: { job: "Job", instance: "Program", version: "Version" },
    queries: [
      {
        prometheus: `topk(50, max by (job, instance, version) (plimsoll_build_info{${PROGRAMS}}))`,
        legend: "Runs",
      },
    ],
  },
  graph("CPU", Short, "Cores that agents and aggregators use themselves.", [
    {
      prometheus: ours(rate("process_cpu_seconds_total", PROGRAMS)),
      legend: "{{job}} {{instance}}",
    },
  ]),
  graph("Memory", BytesIEC, "Resident memory of the programs.", [
    {
      prometheus: ours(`process_resident_memory_bytes{${PROGRAMS}}`),
      legend: "{{job}} {{instance}}",
    },
  ]),
  graph("Event loop", Seconds, "How late the programs come to what they have to do.", [
    {
      prometheus: ours(`nodejs_eventloop_lag_seconds{${PROGRAMS}}`),
      legend: "{{job}} {{instance}}",
    },
  ]),
];

const sampling: readonly Panel[] = [
  graph("A pass over all cgroups", Seconds, "Time that one pass takes, on average.", [
    {
      prometheus: `topk(20, ${rate("plimsoll_agent_pass_seconds_total", PROGRAMS)} / ${rate("plimsoll_agent_passes_total", PROGRAMS)})`,
      legend: "{{instance}}",
    },
  ]),
  graph(
    "Passes missed",
    Short,
    "Seconds a second that were not sampled. Above 0 the agent is too slow.",
    [
      {
        prometheus: `topk(20, ${rate("plimsoll_agent_missed_passes_total", PROGRAMS)})`,
        legend: "{{instance}}",
      },
    ],
  ),
  graph("Cost by collector", Seconds, "Seconds a second of each collector, of all chosen agents.", [
    {
      prometheus: sumBy("collector", rate("plimsoll_agent_collector_seconds_total", PROGRAMS)),
      legend: "{{collector}}",
    },
  ]),
  graph("Sampling delay", Seconds, "How late a sample is taken.", [
    {
      prometheus: `topk(20, plimsoll_agent_sampling_delay_seconds{${PROGRAMS}})`,
      legend: "{{instance}}",
    },
  ]),
  graph("Cgroups", Short, "Cgroups that are read each second.", [
    { prometheus: `topk(20, plimsoll_agent_cgroups{${PROGRAMS}})`, legend: "{{instance}}" },
  ]),
  {
    kind: "table",
    title: "Engines that fail",
    description:
      "Engines that should answer and do not: names and labels are missing until they do.",
    unit: Short,
    width: 12,
    keys: { instance: "Node", runtime: "Engine" },
    noValue: "All engines answer",
    queries: [
      {
        prometheus: `topk(50, plimsoll_agent_runtime_state{${PROGRAMS},state="failing"} == 1)`,
        legend: "Fails",
      },
    ],
  },
  graph("Events that wait for a disk", Short, "Of agents; what is lost is gone for good.", [
    {
      prometheus: `topk(20, plimsoll_agent_events_waiting{${PROGRAMS}})`,
      legend: "waiting {{instance}}",
    },
    {
      prometheus: `topk(20, ${rate("plimsoll_agent_events_lost_total", PROGRAMS)})`,
      legend: "lost {{instance}}",
    },
  ]),
];

const NO_AGGREGATOR: Told = { noValue: "Prometheus has to scrape an aggregator as well" };

const scraping: readonly Panel[] = [
  graph(
    "Targets that do not answer",
    Short,
    "Of the aggregator.",
    [
      {
        prometheus: `topk(20, plimsoll_aggregator_target_up{${AGGREGATORS}} == 0)`,
        legend: "{{target}} {{node}}",
      },
    ],
    { noValue: "All targets answer" },
  ),
  graph(
    "Failed scrapes",
    Short,
    "A second, by reason.",
    [
      {
        prometheus: sumBy("reason", rate("plimsoll_aggregator_scrape_failures_total", AGGREGATORS)),
        legend: "{{reason}}",
      },
    ],
    NO_AGGREGATOR,
  ),
  graph(
    "Scrapes that come late",
    Seconds,
    "How late 95 of 100 scrapes begin at most.",
    [
      {
        prometheus: `histogram_quantile(0.95, ${sumBy("instance, le", rate("plimsoll_aggregator_scrape_lateness_seconds_bucket", AGGREGATORS))})`,
        legend: "{{instance}}",
      },
    ],
    NO_AGGREGATOR,
  ),
  graph(
    "Samples",
    Short,
    "A second: taken in, and left out by cause.",
    [
      {
        prometheus: sumBy(
          "instance",
          rate("plimsoll_aggregator_scraped_samples_total", AGGREGATORS),
        ),
        legend: "taken in {{instance}}",
      },
      {
        prometheus: sumBy(
          "cause",
          rate("plimsoll_aggregator_scrape_dropped_samples_total", AGGREGATORS),
        ),
        legend: "left out: {{cause}}",
      },
    ],
    NO_AGGREGATOR,
  ),
];

const queues: readonly Panel[] = [
  graph(
    "History: queue",
    PercentUnit,
    "How full the queue before the history is.",
    [
      {
        prometheus: `plimsoll_aggregator_history_queue_samples{${AGGREGATORS}} / (plimsoll_aggregator_history_queue_capacity_samples{${AGGREGATORS}} > 0)`,
        legend: "{{instance}}",
      },
    ],
    NO_AGGREGATOR,
  ),
  graph(
    "History: lost",
    Short,
    "Samples a second that the history could not take.",
    [
      {
        prometheus: rate("plimsoll_aggregator_history_lost_samples_total", AGGREGATORS),
        legend: "{{instance}}",
      },
    ],
    NO_AGGREGATOR,
  ),
  graph(
    "Sinks: queue",
    PercentUnit,
    "How full the queue on disk before each other store is.",
    [
      {
        prometheus: `plimsoll_sink_waiting_bytes{${AGGREGATORS}} / (plimsoll_sink_capacity_bytes{${AGGREGATORS}} > 0)`,
        legend: "{{sink}} {{instance}}",
      },
    ],
    { noValue: "The aggregator sends to no other store" },
  ),
];

/** What Plimsoll itself costs, and whether it keeps up. */
export const plimsoll: Dashboard = {
  name: "itself",
  title: "Plimsoll itself",
  description:
    "What agents and aggregators cost, how late they are, and what waits in their queues.",
  choices: [job, program, aggregator],
  marks: [],
  rows: [
    { title: "Cost", panels: cost },
    { title: "Agents: sampling", panels: sampling },
    { title: "Aggregators: scraping", panels: scraping },
    { title: "Aggregators: queues", panels: queues },
  ],
};
