import { describe, expect, test } from "vitest";

import type { TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import type { ClusterObjects } from "../../../aggregator/discovery/kubernetes/cluster-objects.ts";
import { keyOf, readMeta } from "../../../aggregator/discovery/kubernetes/meta.ts";
import {
  type ResourceName,
  resources,
} from "../../../aggregator/discovery/kubernetes/resources.ts";
import { type Role, roles } from "../../../aggregator/discovery/kubernetes/roles.ts";

const NONE = { node: false, namespace: false, deployment: false, job: false, cronjob: false };

/** Reads objects, in the shape of the API's reference, as the watches do. */
function cluster(lists: Partial<Record<ResourceName, readonly object[]>>): ClusterObjects {
  const names = Object.keys(resources) as ResourceName[];
  const stores = names.map((name) => [
    name,
    new Map((lists[name] ?? []).map((one) => [keyOf(readMeta(one)), resources[name].read(one)])),
  ]);
  return Object.fromEntries(stores) as ClusterObjects;
}

/** Groups without what begins every label. */
function groups(
  role: Role,
  lists: Parameters<typeof cluster>[0],
  attach: Partial<typeof NONE> = {},
): TargetGroup[] {
  const short = (labels: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [
        name.replace("__meta_kubernetes_", "k_"),
        value,
      ]),
    );
  return roles[role].groups(cluster(lists), { ...NONE, ...attach }).map((group) => ({
    source: group.source,
    labels: short(group.labels),
    targets: group.targets.map(short),
  }));
}

const owner = (kind: string, name: string): object => ({
  ownerReferences: [
    { apiVersion: "v1", kind: "Other", name: "other" },
    { apiVersion: "apps/v1", kind, name, controller: true },
  ],
});

const POD = {
  metadata: {
    name: "web-1",
    namespace: "shop",
    uid: "uid-1",
    labels: { "app.kubernetes.io/name": "web", empty: "" },
    annotations: { "prometheus.io/scrape": "true" },
    ...owner("ReplicaSet", "web-6b"),
  },
  spec: {
    nodeName: "node1",
    containers: [
      {
        name: "web",
        image: "web:1",
        ports: [
          { name: "http", containerPort: 8080, protocol: "TCP" },
          { containerPort: 9090, protocol: "TCP" },
        ],
      },
      { name: "side", image: "side:1" },
    ],
    initContainers: [{ name: "init", image: "init:1" }],
  },
  status: {
    podIP: "10.244.0.5",
    hostIP: "10.0.0.1",
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ name: "web", containerID: "containerd://abc" }],
  },
};

const NODE = {
  metadata: { name: "node1", labels: { zone: "a" } },
  spec: { providerID: "kind://docker/kind/node1" },
  status: {
    addresses: [
      { type: "Hostname", address: "node1" },
      { type: "InternalIP", address: "10.0.0.1" },
      { type: "InternalIP", address: "fd00::1" },
    ],
    conditions: [{ type: "DiskPressure", status: "False" }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
  },
};

const SERVICE = {
  metadata: { name: "web", namespace: "shop", labels: { app: "web" } },
  spec: {
    type: "ClusterIP",
    clusterIP: "10.96.0.7",
    ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 8080 }],
  },
};

const POD_LABELS = {
  k_pod_ip: "10.244.0.5",
  k_pod_ready: "true",
  k_pod_phase: "Running",
  k_pod_node_name: "node1",
  k_pod_host_ip: "10.0.0.1",
  k_pod_uid: "uid-1",
  k_pod_name: "web-1",
  k_pod_controller_kind: "ReplicaSet",
  k_pod_controller_name: "web-6b",
  k_pod_label_app_kubernetes_io_name: "web",
  k_pod_labelpresent_app_kubernetes_io_name: "true",
  k_pod_labelpresent_empty: "true",
  k_pod_annotation_prometheus_io_scrape: "true",
  k_pod_annotationpresent_prometheus_io_scrape: "true",
};

const SERVICE_LABELS = {
  k_namespace: "shop",
  k_service_name: "web",
  k_service_label_app: "web",
  k_service_labelpresent_app: "true",
};

describe("the role node", () => {
  test("has the kubelet of each node", () => {
    expect(groups("node", { nodes: [NODE, { metadata: { name: "lost" } }] })).toEqual([
      {
        source: "node/node1",
        labels: {
          k_node_name: "node1",
          k_node_provider_id: "kind://docker/kind/node1",
          k_node_condition_diskpressure: "false",
          k_node_label_zone: "a",
          k_node_labelpresent_zone: "true",
        },
        targets: [
          {
            __address__: "10.0.0.1:10250",
            instance: "node1",
            k_node_address_Hostname: "node1",
            k_node_address_InternalIP: "10.0.0.1",
          },
        ],
      },
    ]);
  });
});

describe("the role pod", () => {
  test("has a target for each container and port, and one without ports", () => {
    const side = { k_pod_container_name: "side", k_pod_container_image: "side:1" };
    const web = {
      k_pod_container_name: "web",
      k_pod_container_image: "web:1",
      k_pod_container_id: "containerd://abc",
      k_pod_container_init: "false",
      k_pod_container_port_protocol: "TCP",
    };
    expect(groups("pod", { pods: [POD] })).toEqual([
      {
        source: "pod/shop/web-1",
        labels: { ...POD_LABELS, k_namespace: "shop" },
        targets: [
          {
            ...web,
            __address__: "10.244.0.5:8080",
            k_pod_container_port_name: "http",
            k_pod_container_port_number: "8080",
          },
          { ...web, __address__: "10.244.0.5:9090", k_pod_container_port_number: "9090" },
          { ...side, __address__: "10.244.0.5", k_pod_container_init: "false" },
          {
            __address__: "10.244.0.5",
            k_pod_container_name: "init",
            k_pod_container_image: "init:1",
            k_pod_container_init: "true",
          },
        ],
      },
    ]);
  });

  test("has none for a pod without an address, or on a node that is not selected", () => {
    const starting = { ...POD, status: {} };
    expect(groups("pod", { pods: [starting] })).toEqual([]);
    expect(groups("pod", { pods: [POD] }, { node: true })).toEqual([]);
  });

  test("tells the node, the namespace and the deployment if that is wanted", () => {
    const lists = {
      pods: [POD],
      nodes: [NODE],
      namespaces: [{ metadata: { name: "shop", labels: { team: "blue" } } }],
      replicasets: [
        { metadata: { name: "web-6b", namespace: "shop", ...owner("Deployment", "web") } },
      ],
    };
    const all = { node: true, namespace: true, deployment: true };
    expect(groups("pod", lists, all)[0]?.labels).toEqual({
      ...POD_LABELS,
      k_namespace: "shop",
      k_node_name: "node1",
      k_node_label_zone: "a",
      k_node_labelpresent_zone: "true",
      k_namespace_label_team: "blue",
      k_namespace_labelpresent_team: "true",
      k_pod_deployment_name: "web",
    });
  });

  test("tells the job and the cron job if that is wanted", () => {
    const metadata = { ...POD.metadata, ...owner("Job", "clean-28") };
    const jobs = [
      { metadata: { name: "clean-28", namespace: "shop", ...owner("CronJob", "clean") } },
    ];
    const lists = { pods: [{ ...POD, metadata }], jobs };
    const labels = groups("pod", lists, { job: true, cronjob: true })[0]?.labels;
    expect(labels).toMatchObject({ k_pod_job_name: "clean-28", k_pod_cronjob_name: "clean" });
    expect(groups("pod", lists)[0]?.labels).not.toHaveProperty("k_pod_job_name");
  });
});

describe("the role service", () => {
  test("has a target for each port by its name in the cluster", () => {
    const external = {
      metadata: { name: "far", namespace: "shop" },
      spec: { type: "ExternalName", externalName: "far.example", ports: [{ port: 1 }] },
    };
    const balanced = {
      metadata: { name: "lb", namespace: "shop" },
      spec: { type: "LoadBalancer", clusterIP: "10.96.0.8", ports: [{ port: 2 }] },
      status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { ip: "192.0.2.2" }] } },
    };
    const found = groups("service", { services: [SERVICE, external, balanced] });
    expect(found[0]).toEqual({
      source: "svc/shop/web",
      labels: SERVICE_LABELS,
      targets: [
        {
          __address__: "web.shop.svc:80",
          k_service_cluster_ip: "10.96.0.7",
          k_service_port_name: "http",
          k_service_port_number: "80",
          k_service_port_protocol: "TCP",
          k_service_type: "ClusterIP",
        },
      ],
    });
    expect(found[1]?.targets[0]).toMatchObject({ k_service_external_name: "far.example" });
    expect(found[1]?.targets[0]).not.toHaveProperty("k_service_cluster_ip");
    expect(found[2]?.targets[0]).toMatchObject({
      k_service_loadbalancer_ip: "192.0.2.1,192.0.2.2",
    });
  });
});

describe("the role ingress", () => {
  test("has a target for each host and path, secure where a certificate is for it", () => {
    const path = (one: string): object => ({ path: one, pathType: "Prefix" });
    const ingress = {
      metadata: { name: "front", namespace: "shop" },
      spec: {
        ingressClassName: "nginx",
        tls: [{ hosts: ["*.example.com"] }],
        rules: [
          { host: "www.example.com", http: { paths: [path("/a"), path("")] } },
          { host: "a.www.example.com" },
        ],
      },
    };
    const target = (host: string, at: string, scheme: string): object => ({
      __address__: host,
      k_ingress_host: host,
      k_ingress_path: at,
      k_ingress_scheme: scheme,
    });
    expect(groups("ingress", { ingresses: [ingress] })).toEqual([
      {
        source: "ingress/shop/front",
        labels: {
          k_namespace: "shop",
          k_ingress_name: "front",
          k_ingress_class_name: "nginx",
        },
        targets: [
          target("www.example.com", "/a", "https"),
          target("www.example.com", "/", "https"),
          target("a.www.example.com", "/", "http"),
        ],
      },
    ]);
  });
});

const POD_REF = { kind: "Pod", namespace: "shop", name: "web-1" };

/** The port of the pod that no endpoint names. */
const UNCOVERED = {
  ...POD_LABELS,
  __address__: "10.244.0.5:9090",
  k_pod_container_name: "web",
  k_pod_container_image: "web:1",
  k_pod_container_init: "false",
  k_pod_container_port_number: "9090",
  k_pod_container_port_protocol: "TCP",
};

const COVERED = {
  ...UNCOVERED,
  __address__: "10.244.0.5:8080",
  k_pod_container_port_name: "http",
  k_pod_container_port_number: "8080",
};

describe("the role endpoints", () => {
  test("joins service and pods, and adds the pods' other ports", () => {
    const endpoints = {
      metadata: { name: "web", namespace: "shop" },
      subsets: [
        {
          ports: [{ name: "http", port: 8080, protocol: "TCP" }],
          addresses: [{ ip: "10.244.0.5", nodeName: "node1", targetRef: POD_REF }],
          notReadyAddresses: [{ ip: "10.244.0.6", hostname: "b" }],
        },
      ],
    };
    const port = { k_endpoint_port_name: "http", k_endpoint_port_protocol: "TCP" };
    const lists = { endpoints: [endpoints], services: [SERVICE], pods: [POD], nodes: [NODE] };
    expect(groups("endpoints", lists)).toEqual([
      {
        source: "endpoints/shop/web",
        labels: { ...SERVICE_LABELS, k_endpoints_name: "web" },
        targets: [
          {
            ...COVERED,
            ...port,
            k_endpoint_ready: "true",
            k_endpoint_node_name: "node1",
            k_endpoint_address_target_kind: "Pod",
            k_endpoint_address_target_name: "web-1",
          },
          {
            ...port,
            __address__: "10.244.0.6:8080",
            k_endpoint_ready: "false",
            k_endpoint_hostname: "b",
          },
          UNCOVERED,
        ],
      },
    ]);
    const [group] = groups("endpoints", lists, { node: true });
    expect(group?.targets[0]).toMatchObject({ k_node_name: "node1", k_node_label_zone: "a" });
  });
});

describe("the role endpointslice", () => {
  const slice = {
    metadata: {
      name: "web-x2",
      namespace: "shop",
      labels: { "kubernetes.io/service-name": "web" },
    },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP", appProtocol: "http" }],
    endpoints: [
      {
        addresses: ["10.244.0.5"],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: "node1",
        zone: "a",
        deprecatedTopology: { "topology.kubernetes.io/rack": "7" },
        targetRef: POD_REF,
      },
    ],
  };

  test("joins service and pods, and adds the pods' other ports", () => {
    const lists = { endpointslices: [slice], services: [SERVICE], pods: [POD] };
    const own = "k_endpointslice_endpoint";
    expect(groups("endpointslice", lists)).toEqual([
      {
        source: "endpointslice/shop/web-x2",
        labels: {
          ...SERVICE_LABELS,
          k_endpointslice_name: "web-x2",
          k_endpointslice_address_type: "IPv4",
          k_endpointslice_label_kubernetes_io_service_name: "web",
          k_endpointslice_labelpresent_kubernetes_io_service_name: "true",
        },
        targets: [
          {
            ...COVERED,
            k_endpointslice_port: "8080",
            k_endpointslice_port_name: "http",
            k_endpointslice_port_protocol: "TCP",
            k_endpointslice_port_app_protocol: "http",
            k_endpointslice_address_target_kind: "Pod",
            k_endpointslice_address_target_name: "web-1",
            [`${own}_conditions_ready`]: "true",
            [`${own}_conditions_serving`]: "true",
            [`${own}_conditions_terminating`]: "false",
            [`${own}_node_name`]: "node1",
            [`${own}_zone`]: "a",
            [`${own}_topology_topology_kubernetes_io_rack`]: "7",
            [`${own}_topology_present_topology_kubernetes_io_rack`]: "true",
          },
          UNCOVERED,
        ],
      },
    ]);
  });

  test("passes over the other family of a dual-stack service", () => {
    const spec = {
      ...SERVICE.spec,
      ipFamilyPolicy: "PreferDualStack",
      ipFamilies: ["IPv6", "IPv4"],
    };
    const services = [{ ...SERVICE, spec }];
    expect(groups("endpointslice", { endpointslices: [slice], services })[0]?.targets).toEqual([]);
  });
});

test.each(Object.keys(roles) as Role[])("the role %s passes over what is odd", (role) => {
  const odd = [{ metadata: { name: "a" } }, { metadata: { name: "b" }, spec: 1, status: "x" }];
  const lists = Object.fromEntries(Object.keys(resources).map((name) => [name, odd]));
  const all = { node: true, namespace: true, deployment: true, job: true, cronjob: true };
  expect(() => groups(role, lists, all)).not.toThrow();
});
