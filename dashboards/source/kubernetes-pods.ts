import {
  BytesIEC,
  BytesPerSecondIEC,
  PercentUnit,
  Short,
} from "@grafana/grafana-foundation-sdk/units";

import type { Choice, Dashboard, Panel } from "./dashboard.ts";
import { meanBy, sumOfMeans } from "./influxql.ts";
import { AGENTS, CONTAINERS, job, node, oomMarks, rate, sumBy } from "./promql.ts";

const LABEL = "container_label_io_kubernetes";
const NONE = "No container here belongs to a pod of Kubernetes";

const namespace: Choice = {
  name: "namespace",
  label: "Namespace",
  prometheus: `label_values(container_group_containers{${AGENTS},group="namespace"}, name)`,
  influxdb: 'SHOW TAG VALUES FROM "uptime" WITH KEY = "namespace_name"',
  all: true,
};

const pod: Choice = {
  name: "pod",
  label: "Pod",
  prometheus: `label_values(container_group_containers{${AGENTS},group="pod",namespace=~"$namespace"}, name)`,
  influxdb:
    'SHOW TAG VALUES FROM "uptime" WITH KEY = "pod_name" WHERE "namespace_name" =~ /^$namespace$/',
  all: true,
};

const CHOSEN = { namespace_name: "namespace", pod_name: "pod" };
const TAGS = ["namespace_name", "pod_name", "container_name"];
const TAGGED = "$tag_namespace_name/$tag_pod_name $tag_container_name";
const NAMES = ["pod_namespace", "pod_name", "container_name"].map((name) => `${LABEL}_${name}`);
const NAMED = `{{${NAMES[0]}}}/{{${NAMES[1]}}} {{${NAMES[2]}}}`;

/** A number of each container under the names of its namespace, pod and container. */
function named(expression: string, of: "containers" | "pods" = "containers"): string {
  const labels = (of === "pods" ? NAMES.slice(0, 2) : NAMES).join(", ");
  const info = `container_info{${AGENTS},${NAMES[0]}=~"$namespace",${NAMES[1]}=~"$pod",${NAMES[1]}!=""}`;
  return `topk(50, ${sumBy(labels, `(${expression}) * on (job, instance, id) group_left (${labels}) ${info}`)})`;
}

function ofContainers(measurement: string): string {
  return meanBy(measurement, { type: "pod_container", chosen: CHOSEN }, TAGS);
}

function ofPods(measurement: string): string {
  return sumOfMeans(measurement, { type: "pod", chosen: CHOSEN }, ["namespace_name", "pod_name"]);
}

function perCore(query: string): string {
  return query.replace('mean("value")', 'mean("value") / 1000');
}

const ratePods = (counter: string): string => named(rate(counter, CONTAINERS), "pods");

const PODS = NAMED.replace(` {{${NAMES[2]}}}`, "");
const POD_TAGS = "$tag_namespace_name/$tag_pod_name";

const panels: readonly Panel[] = [
  {
    kind: "graph",
    title: "CPU",
    description: "Cores in use, limits and requests of each container.",
    unit: Short,
    width: 12,
    noValue: NONE,
    queries: [
      {
        prometheus: named(rate("container_cpu_usage_seconds_total", CONTAINERS)),
        influxdb: perCore(ofContainers("cpu/usage_rate")),
        legend: `usage ${NAMED}`,
        alias: `usage ${TAGGED}`,
      },
      {
        prometheus: named(
          `(container_spec_cpu_quota{${CONTAINERS}} > 0) / container_spec_cpu_period{${CONTAINERS}}`,
        ),
        influxdb: perCore(ofContainers("cpu/limit")),
        legend: `limit ${NAMED}`,
        alias: `limit ${TAGGED}`,
      },
      {
        influxdb: perCore(ofContainers("cpu/request")),
        legend: "request",
        alias: `request ${TAGGED}`,
      },
    ],
  },
  {
    kind: "graph",
    title: "Memory",
    description: "Usage, working set, limits and requests of each container.",
    unit: BytesIEC,
    width: 12,
    noValue: NONE,
    queries: [
      {
        prometheus: named(`container_memory_usage_bytes{${CONTAINERS}}`),
        influxdb: ofContainers("memory/usage"),
        legend: `usage ${NAMED}`,
        alias: `usage ${TAGGED}`,
      },
      {
        prometheus: named(`container_memory_working_set_bytes{${CONTAINERS}}`),
        influxdb: ofContainers("memory/working_set"),
        legend: `working set ${NAMED}`,
        alias: `working set ${TAGGED}`,
      },
      {
        prometheus: named(`container_spec_memory_limit_bytes{${CONTAINERS}} > 0`),
        influxdb: ofContainers("memory/limit"),
        legend: `limit ${NAMED}`,
        alias: `limit ${TAGGED}`,
      },
      { influxdb: ofContainers("memory/request"), legend: "request", alias: `request ${TAGGED}` },
    ],
  },
  {
    kind: "graph",
    title: "Network",
    description: "Received and sent by each pod.",
    unit: BytesPerSecondIEC,
    width: 12,
    noValue: NONE,
    queries: [
      {
        prometheus: ratePods("container_network_receive_bytes_total"),
        influxdb: ofPods("network/rx_rate"),
        legend: `received ${PODS}`,
        alias: `received ${POD_TAGS}`,
      },
      {
        prometheus: ratePods("container_network_transmit_bytes_total"),
        influxdb: ofPods("network/tx_rate"),
        legend: `sent ${PODS}`,
        alias: `sent ${POD_TAGS}`,
      },
    ],
  },
  {
    kind: "graph",
    title: "Disk in use",
    description: "Writable layers, logs and volumes of each pod.",
    unit: BytesIEC,
    width: 12,
    noValue: NONE,
    queries: [
      {
        prometheus: named(`container_fs_usage_bytes{${CONTAINERS}}`, "pods"),
        influxdb: ofPods("filesystem/usage"),
        legend: PODS,
        alias: POD_TAGS,
      },
    ],
  },
  {
    kind: "graph",
    title: "Throttled",
    description: "Part of the quota's periods in which it ran out, of each container.",
    unit: PercentUnit,
    width: 12,
    max: 1,
    noValue: "No CPU limit is set",
    queries: [
      {
        prometheus: named(
          `${rate("container_cpu_cfs_throttled_periods_total", CONTAINERS)} / ${rate("container_cpu_cfs_periods_total", CONTAINERS)}`,
        ),
        legend: NAMED,
      },
    ],
  },
];

/** Heapster's pods dashboard, for any number of pods at once. */
export const kubernetesPods: Dashboard = {
  name: "kubernetes-pods",
  title: "Kubernetes pods",
  description: "Pods and their containers: use, limits, requests.",
  choices: [job, node, namespace, pod],
  marks: [oomMarks(CONTAINERS)],
  rows: [{ title: "Pods", panels }],
};
