/**
 * What widely imported dashboards ask, with their variables filled in, and what it must give.
 *
 * Left out is what asks others: node_exporter (893's panels about the host, 11600's, 10566's, the
 * division by `node_cpu_seconds_total` of dockprom), kube-state-metrics (the joins with `kube_*` of
 * kube-prometheus, whose other half stands here), Docker's and Prometheus's own metrics (swarmprom's
 * `engine_daemon_*` and `swarm_node_info`, 11600's `prometheus_build_info`), and names that are dead
 * (`container_group`, `node_cpu`). Swarmprom's `id=~"/docker/.*"` holds only for the cgroup driver
 * cgroupfs with Docker's own parent, so here any id will do.
 */

/** A number that the test knows by other ways. */
export type Fact =
  | "containers"
  | "cores"
  | "halfCores"
  | "halfPercent"
  | "halfPercentOfMachine"
  | "machineBytes"
  | "memoryMib"
  | "holderBytes"
  | "holderWorkingSet"
  | "limitBytes"
  | "limitLess"
  | "one"
  | "sentBytes"
  | "sentBits"
  | "sentPackets";

/** Rows, none, whatever this machine has, so many rows, or one row's number within a part of it. */
export type Gives =
  | "rows"
  | "none"
  | "any"
  | { readonly rows: Fact }
  | {
      readonly is: Fact;
      readonly within?: number;
      /** Which row; the only one if not told. */
      readonly of?: Readonly<Record<string, string>>;
    };

/** Whom the dashboard was made for: a plain agent, one with `--label-union`, or that behind the kubelet's labels. */
export type Source = "plain" | "union" | "kubelet";

/** One expression of a dashboard. */
export interface DashboardQuery {
  readonly dashboard: string;
  readonly expression: string;
  readonly on: Source;
  readonly gives: Gives;
}

type Row = readonly [expression: string, gives: Gives];

function of(dashboard: string, on: Source, rows: readonly Row[]): DashboardQuery[] {
  return rows.map(([expression, gives]) => ({ dashboard, on, expression, gives }));
}

const half = { name: "half" };
const holder = { name: "holder" };
const sender = { name: "k8s_web_web-1_default_1_0" };

const exactly = (is: Fact): Gives => ({ is, within: 0 });
const about = (is: Fact, row?: Readonly<Record<string, string>>): Gives => ({
  is,
  // On a busy machine nothing is as even as it was asked to be.
  within: 0.2,
  ...(row === undefined ? {} : { of: row }),
});

const d193 = of("193", "plain", [
  [`count(container_last_seen{image!=""})`, exactly("containers")],
  [`sum(container_memory_usage_bytes{image!=""})/1024/1024`, about("memoryMib")],
  [`sum(rate(container_cpu_user_seconds_total{image!=""}[5m]) * 100)`, "rows"],
  [`rate(container_cpu_user_seconds_total{image!=""}[5m]) * 100`, { rows: "containers" }],
  [`container_memory_usage_bytes{image!=""}`, about("holderBytes", holder)],
  [`irate(container_network_receive_bytes_total{image!=""}[5m])`, "rows"],
  [`irate(container_network_transmit_bytes_total{image!=""}[5m])`, "rows"],
]);

const d893 = of("893", "plain", [
  [`count(rate(container_last_seen{name=~".+"}[1m]))`, exactly("containers")],
  [`sum(rate(container_network_receive_bytes_total{id="/"}[1m])) by (id)`, "rows"],
  [`sum(rate(container_network_transmit_bytes_total{id="/"}[1m])) by (id)`, "rows"],
  [`sum(rate(container_cpu_system_seconds_total[1m]))`, "rows"],
  [`sum(rate(container_cpu_system_seconds_total{name=~".+"}[1m]))`, "rows"],
  [`sum(rate(container_cpu_system_seconds_total{id="/"}[1m]))`, "rows"],
  [`sum(rate(process_cpu_seconds_total[1m])) * 100`, "rows"],
  [`container_memory_rss{name=~".+"}`, { rows: "containers" }],
  [`container_memory_rss{id="/"}`, { rows: "one" }],
  [`sum(container_memory_rss)`, "rows"],
  [`container_memory_usage_bytes{name=~".+"}`, { rows: "containers" }],
  [
    `sum(rate(container_network_receive_bytes_total{name=~".+"}[1m])) by (name)`,
    about("sentBytes", sender),
  ],
  [
    `sum(rate(container_network_transmit_bytes_total{name=~".+"}[1m])) by (name)`,
    about("sentBytes", sender),
  ],
  [
    `sum(rate(container_cpu_usage_seconds_total{name=~".+"}[1m])) by (name) * 100`,
    about("halfPercent", half),
  ],
  [`sum(container_memory_swap{name=~".+"}) by (name)`, { rows: "containers" }],
  [`sum(container_memory_rss{name=~".+"}) by (name)`, { rows: "containers" }],
  [
    `sum(container_spec_memory_limit_bytes{name=~".+"} - container_memory_usage_bytes{name=~".+"}) by (name)`,
    about("limitLess", holder),
  ],
  [
    // Without a limit there is none to be near to: infinity, as with cAdvisor.
    `sum(100 - ((container_spec_memory_limit_bytes{name=~".+"} - container_memory_usage_bytes{name=~".+"}) * 100 / container_spec_memory_limit_bytes{name=~".+"})) by (name)`,
    { rows: "containers" },
  ],
]);

const d14282 = of("14282", "plain", [
  [
    `sum(rate(container_cpu_usage_seconds_total{instance=~".*",name=~".*",name=~".+"}[5m])) by (name) *100`,
    { rows: "containers" },
  ],
  [
    `sum(container_memory_usage_bytes{instance=~".*",name=~".*",name=~".+"}) by (name)`,
    about("holderBytes", holder),
  ],
  [`sum(container_memory_cache{instance=~".*",name=~".*",name=~".+"}) by (name)`, "rows"],
  [
    `sum(rate(container_network_receive_bytes_total{instance=~".*",name=~".*",name=~".+"}[5m])) by (name)`,
    "rows",
  ],
  [
    `(time() - container_start_time_seconds{instance=~".*",name=~".*",name=~".+"})/86400`,
    { rows: "containers" },
  ],
]);

const d13946 = of("13946", "plain", [
  [
    `count(container_last_seen{name=~".*",instance=~".*",image!=""}) by (instance)`,
    exactly("containers"),
  ],
  [`sum(machine_cpu_cores{instance=~".*"}) by (instance)`, exactly("cores")],
  [`sum(machine_memory_bytes{instance=~".*"}) by (instance)`, exactly("machineBytes")],
  [
    `sum(irate(container_cpu_user_seconds_total{image!=""}[5m]) * 100)by (instance) / sum(machine_cpu_cores) by (instance)`,
    "rows",
  ],
  [
    `((sum(container_memory_usage_bytes{image!=""}) by (instance) - sum(container_memory_cache{image!=""}) by (instance)) / sum(machine_memory_bytes) by (instance)) * 100`,
    "rows",
  ],
  [`sum(irate(container_fs_reads_bytes_total[5m]))by (instance)`, "rows"],
  [`sum(irate(container_fs_writes_bytes_total[5m]))by (instance)`, "rows"],
  // Of a container v1 counts nothing, unless a scheduler or a limit does.
  [
    `sum(irate(container_fs_reads_bytes_total{image!="",device!~"/dev/dm.*"}[5m])) by (name)`,
    "any",
  ],
  [`irate(container_network_receive_bytes_total{name=~".+",interface="eth0"}[5m])`, "rows"],
  [
    `sum without (dc,from,id,instance,image,container_label_restartcount,device) (container_memory_usage_bytes{name=~".+"})`,
    { rows: "containers" },
  ],
]);

const others = of("11600, 179, 10566, 15798, Docker Insights", "plain", [
  [`count(container_last_seen{instance=~".*",image=~"(.)+"})`, exactly("containers")],
  [`cadvisor_version_info{cadvisorVersion!="",osVersion!="",kernelVersion!=""}`, { rows: "one" }],
  [
    `sort_desc(sum(rate(container_cpu_user_seconds_total{image!=""}[1m])) by (name))`,
    about("halfCores", half),
  ],
  [
    `sum(container_fs_limit_bytes - container_fs_usage_bytes) / sum(container_fs_limit_bytes)`,
    "rows",
  ],
  [`container_memory_max_usage_bytes{name=~".+"}`, { rows: "containers" }],
  [`rate(container_fs_reads_bytes_total{device!~"/dev/dm.*"}[5m])`, "rows"],
  [`rate(container_cpu_usage_seconds_total[5m]) * 100`, "rows"],
  [`container_memory_usage_bytes`, "rows"],
  [`count(count(container_last_seen{name=~".+"}) by (name))`, exactly("containers")],
  [
    `count by(name) (count_over_time(container_last_seen{name=~".+"}[1m]))`,
    { is: "one", within: 0, of: half },
  ],
]);

/** Those who count containers by their tasks need `--load-reader`. */
const tasks = of("10566", "union", [
  [
    `count(container_tasks_state{image!=""} and container_tasks_state{state=~"running"})`,
    exactly("containers"),
  ],
]);

const dockprom = of("dockprom", "plain", [
  [
    `sum(rate(container_cpu_usage_seconds_total{name="half"}[1m])) / sum(machine_cpu_cores) * 100`,
    about("halfPercentOfMachine"),
  ],
  [`machine_cpu_cores`, exactly("cores")],
  [`sum(container_fs_usage_bytes)`, "rows"],
  [`scalar(count(container_memory_usage_bytes{image!=""}) > 0)`, exactly("containers")],
  [
    `sum by (name) (container_memory_usage_bytes{image!="",container_label_org_label_schema_group=""})`,
    { rows: "containers" },
  ],
  [`absent(container_memory_usage_bytes{name="jenkins"})`, { rows: "one" }],
  [`absent(container_memory_usage_bytes{name="half"})`, "none"],
]);

const NODE = `container_label_com_docker_swarm_node_id=~"node1"`;

const swarmprom = of("swarmprom", "union", [
  [
    `count(count(container_tasks_state{container_label_com_docker_stack_namespace=~".+", ${NODE}}) by (container_label_com_docker_stack_namespace))`,
    exactly("one"),
  ],
  [
    `sum(rate(container_cpu_usage_seconds_total{${NODE}, id=~"/.*"}[1m])) by (container_label_com_docker_swarm_service_name) * 100`,
    about("halfPercent", { container_label_com_docker_swarm_service_name: "shop_web" }),
  ],
  [
    `sum(irate(container_cpu_usage_seconds_total{${NODE}, id=~"/.*"}[1m])) by (container_label_com_docker_swarm_service_name) * 100`,
    "rows",
  ],
  [
    `sum(container_memory_usage_bytes{${NODE}, id=~"/.*"}) by (container_label_com_docker_swarm_service_name)`,
    { rows: "one" },
  ],
  [
    `sum(container_memory_cache{${NODE}, id=~"/.*"}) by (container_label_com_docker_swarm_service_name)`,
    { rows: "one" },
  ],
  [`sum(irate(container_fs_reads_total{id=~"/.*"}[1m]))`, "rows"],
  [`sum(irate(container_fs_writes_total{id=~"/.*"}[1m]))`, "rows"],
]);

const HOST = `kubernetes_io_hostname=~"^node-1$"`;

const d315 = of("315, 737", "kubelet", [
  [`sum (rate (container_network_receive_bytes_total{${HOST}}[1m]))`, "rows"],
  [
    `sum (container_memory_working_set_bytes{id="/",${HOST}}) / sum (machine_memory_bytes{${HOST}}) * 100`,
    "rows",
  ],
  [`sum (machine_cpu_cores{${HOST}})`, exactly("cores")],
  // A machine may have no partitions.
  [
    `sum (container_fs_usage_bytes{device=~"^/dev/[sv]d[a-z][1-9]$",id="/",${HOST}}) / sum (container_fs_limit_bytes{device=~"^/dev/[sv]d[a-z][1-9]$",id="/",${HOST}}) * 100`,
    "any",
  ],
  [
    `sum(rate(container_cpu_usage_seconds_total{image!="",name=~"^k8s_.*",${HOST}}[1m])) by (pod_name)`,
    { rows: "one" },
  ],
  [
    `sum(rate(container_network_transmit_bytes_total{image!="",name=~"^k8s_.*",${HOST}}[1m])) by (pod_name)`,
    about("sentBytes", { pod_name: "web-1" }),
  ],
]);

const KUBELET = `job="kubelet", metrics_path="/metrics/cadvisor"`;
const POD = `${KUBELET}, cluster="c1", namespace="default", pod="web-1"`;
const DISKS = `device=~"(/dev/)?(mmcblk.p.+|nvme.+|rbd.+|sd.+|vd.+|xvd.+|dm-.+|md.+|dasd.+)"`;

function throttled(labels: string): string {
  const counted = (name: string): string =>
    `sum(increase(container_cpu_cfs_${name}_total{${labels}}[1m])) by (container)`;
  return `${counted("throttled_periods")} / ${counted("periods")}`;
}

const kubePrometheus = of("kube-prometheus k8s-resources, dotdc k8s-views", "kubelet", [
  [
    `sum by (cluster, namespace, pod, container) (rate(container_cpu_usage_seconds_total{${KUBELET}, image!="", pod!=""}[5m]))`,
    { rows: "one" },
  ],
  ...["working_set_bytes", "rss", "cache", "swap"].map((name): Row => [
    `max by (cluster, namespace, pod, container) (container_memory_${name}{${KUBELET}, image!="", pod!=""})`,
    { rows: "one" },
  ]),
  [
    `sum(max by (cluster, namespace, pod, container)(container_memory_working_set_bytes{${POD},container!="",image!=""})) by (container)`,
    { rows: "one" },
  ],
  [throttled(`${POD}, container!=""`), "rows"],
  [
    `sum((8 * rate(container_network_receive_bytes_total{${POD}}[1m]))) by (pod)`,
    about("sentBits"),
  ],
  [
    `sum(rate(container_network_transmit_packets_total{${POD}}[1m])) by (pod)`,
    about("sentPackets"),
  ],
  [`sum(rate(container_network_receive_packets_total{${POD}}[1m])) by (pod)`, about("sentPackets")],
  ...["receive", "transmit"].flatMap((direction) =>
    ["packets_dropped", "errors"].map((what): Row => [
      `sum(rate(container_network_${direction}_${what}_total{${POD}}[1m])) by (pod)`,
      { rows: "one" },
    ]),
  ),
  [
    `ceil(sum by(pod) (rate(container_fs_reads_total{container!="",${DISKS},${KUBELET}}[1m]) + rate(container_fs_writes_total{container!="",${DISKS},${KUBELET}}[1m])))`,
    "any",
  ],
  [
    `sum by(pod) (rate(container_fs_reads_bytes_total{container!="",${DISKS},${KUBELET}}[1m]) + rate(container_fs_writes_bytes_total{container!="",${DISKS},${KUBELET}}[1m]))`,
    "any",
  ],
  [`sum(rate(container_cpu_cfs_throttled_seconds_total{${POD}}[1m])) by (container)`, "rows"],
  [`sum(increase(container_oom_events_total{${KUBELET}, pod!=""}[1m])) by (pod)`, { rows: "one" }],
  [`sum(machine_cpu_cores{node="node-1"})`, exactly("cores")],
  [`sum(machine_memory_bytes{node="node-1"})`, exactly("machineBytes")],
  [
    `max by (pod) (container_memory_working_set_bytes{${KUBELET}, name="holder"})`,
    about("holderWorkingSet"),
  ],
  [`container_spec_memory_limit_bytes{${KUBELET}, name="holder"}`, exactly("limitBytes")],
]);

/** All of them. */
export const dashboardQueries: readonly DashboardQuery[] = [
  ...d193,
  ...d893,
  ...d14282,
  ...d13946,
  ...others,
  ...tasks,
  ...dockprom,
  ...swarmprom,
  ...d315,
  ...kubePrometheus,
];
