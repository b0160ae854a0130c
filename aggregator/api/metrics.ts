import { Counter, Gauge, type Registry } from "prom-client";

import { answer, text } from "../../wire/json-schema.ts";
import { encodeLevelGroups } from "./level-page.ts";
import type { ClusterView, Route } from "./route.ts";
import { addSinks } from "./sink-metrics.ts";

/** What is read anew each time somebody asks. */
interface Reading {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

function addGauge(registry: Registry, { name, help, read }: Reading): void {
  const metric = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read());
    },
  });
  registry.registerMetric(metric);
}

function addCounter(registry: Registry, { name, help, read }: Reading): void {
  const metric = new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
  registry.registerMetric(metric);
}

function addCluster({ registry, cluster, clock }: ClusterView): void {
  addGauge(registry, {
    name: "plimsoll_cluster_nodes",
    help: "Nodes that were heard of in the last five minutes.",
    read: () => [...cluster.nodes(clock.now())].length,
  });
  addCounter(registry, {
    name: "plimsoll_cluster_refused_groups_total",
    help: "Times that a group had no place among the plimsoll_group_ series, as there are too many.",
    read: () => cluster.counters.refused,
  });
  addGauge(registry, {
    name: "plimsoll_cluster_containers",
    help: "Containers that run now, plain cgroups included.",
    read: () => [...cluster.subjects(clock.now())].length,
  });
}

function addHistory({ registry, history }: ClusterView): void {
  if (history === undefined) return;
  const prefix = "plimsoll_aggregator_history";
  addGauge(registry, {
    name: `${prefix}_queue_samples`,
    help: "Samples on their way to the history.",
    read: () => history.state().queued,
  });
  addGauge(registry, {
    name: `${prefix}_queue_capacity_samples`,
    help: "Samples that may wait before new ones are lost.",
    read: () => history.state().capacity,
  });
  addCounter(registry, {
    name: `${prefix}_samples_total`,
    help: "Samples stored in the history.",
    read: () => history.state().stored,
  });
  addCounter(registry, {
    name: `${prefix}_lost_samples_total`,
    help: "Samples that the history could not take.",
    read: () => history.state().lost,
  });
  addCounter(registry, {
    name: `${prefix}_write_failures_total`,
    help: "Attempts to write the history that failed; they are repeated.",
    read: () => history.state().failures,
  });
}

function addTargets({ registry, targets }: ClusterView): void {
  const up = new Gauge({
    name: "plimsoll_aggregator_target_up",
    help: "Whether the last scrape of an agent went well.",
    labelNames: ["target", "node"],
    registers: [],
    collect() {
      // A target that was taken off the list must not stay.
      this.reset();
      for (const { url, node, health } of targets()) {
        this.set({ target: url, node: node ?? "" }, Number(health === "up"));
      }
    },
  });
  registry.registerMetric(up);
}

function addNodes({ registry, events }: ClusterView): void {
  const up = new Gauge({
    name: "plimsoll_node_up",
    help: "Whether the agent of a node answers; of each node that has been heard of.",
    labelNames: ["node"],
    registers: [],
    collect() {
      this.reset();
      for (const [node, { isUp }] of events.nodes()) this.set({ node }, Number(isUp));
    },
  });
  registry.registerMetric(up);
}

/** `GET /metrics`: the cluster at large, and the aggregator itself. */
export const metrics: Route = (app, view) => {
  addCluster(view);
  addHistory(view);
  addTargets(view);
  addNodes(view);
  if (view.sinks().length > 0) addSinks(view.registry, view.sinks, () => view.clock.now());
  const schema = {
    summary: "Prometheus's text format.",
    tags: ["metrics"],
    response: { 200: answer("The metrics.", { "text/plain": text("Text format 0.0.4.") }) },
  };
  app.get("/metrics", { schema }, async (_, reply) => {
    const own = await view.registry.metrics();
    const groups = await encodeLevelGroups(view.cluster, view.clusterName, view.clock.now());
    return reply.type(view.registry.contentType).send(own + groups);
  });
};
