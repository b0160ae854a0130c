import { countAt, listAt, textAt, textMapAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { labelsOfNetworks } from "../docker-networks.ts";
import { hostPort, labelsOf, prefixedLabels } from "../meta-labels.ts";
import { labelsOfNode } from "./nodes.ts";
import { bareAddress, labelsOfService, type PublishedPort, tcpPorts } from "./services.ts";

/** Answers of `GET /tasks`, `/services`, `/nodes` and `/networks`. */
export interface SwarmLists {
  readonly tasks: readonly unknown[];
  readonly services: readonly unknown[];
  readonly nodes: readonly unknown[];
  readonly networks: readonly unknown[];
}

/**
 * For each task a target for each TCP port published on its node, and for each of its addresses in a
 * network and each published TCP port of its service.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dockerswarm_sd_config
 */
export function groupOfTasks(lists: SwarmLists, port: number): TargetGroup {
  const services = byId(lists.services);
  const nodes = byId(lists.nodes);
  const networkLabels = labelsOfNetworks(lists.networks, "__meta_dockerswarm_");
  const targets = lists.tasks.flatMap((task) => {
    const service = services.get(textAt(task, "ServiceID"));
    const node = nodes.get(textAt(task, "NodeID"));
    const labels = {
      ...labelsOfTask(task),
      ...(service === undefined ? {} : labelsOfService(service)),
      ...(node === undefined ? {} : labelsOfNode(node)),
    };
    return [
      ...targetsOnNode(task, textAt(node, "Status", "Addr")),
      ...targetsInNetworks(task, tcpPorts(listAt(service, "Endpoint", "Ports")), port).map(
        ([networkId, target]) => ({ ...networkLabels.get(networkId), ...target }),
      ),
    ].map((target) => ({ ...labels, ...target }));
  });
  return { source: "DockerSwarm", labels: {}, targets };
}

function byId(objects: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(objects.map((object) => [textAt(object, "ID"), object]));
}

function labelsOfTask(task: unknown): Labels {
  return {
    ...labelsOf({
      __meta_dockerswarm_task_id: textAt(task, "ID"),
      __meta_dockerswarm_task_desired_state: textAt(task, "DesiredState"),
      __meta_dockerswarm_task_state: textAt(task, "Status", "State"),
      __meta_dockerswarm_task_slot: String(countAt(task, "Slot") ?? 0),
      __meta_dockerswarm_task_container_id: textAt(
        task,
        "Status",
        "ContainerStatus",
        "ContainerID",
      ),
    }),
    ...prefixedLabels(
      "__meta_dockerswarm_container_label_",
      textMapAt(task, "Spec", "ContainerSpec", "Labels"),
    ),
  };
}

/** Ports in the mode `host`. */
function targetsOnNode(task: unknown, nodeAddress: string): Labels[] {
  const ports = tcpPorts(listAt(task, "Status", "PortStatus", "Ports"));
  return ports.map((port) => targetOf(nodeAddress, port));
}

function targetsInNetworks(
  task: unknown,
  servicePorts: readonly PublishedPort[],
  port: number,
): (readonly [networkId: string, target: Labels])[] {
  return listAt(task, "NetworksAttachments").flatMap((attachment) => {
    const networkId = textAt(attachment, "Network", "ID");
    const addresses = listAt(attachment, "Addresses").flatMap((address) =>
      typeof address === "string" ? (bareAddress(address) ?? []) : [],
    );
    return addresses.flatMap((ip) => {
      if (servicePorts.length === 0) {
        return [[networkId, { __address__: hostPort(ip, port) }] as const];
      }
      return servicePorts.map((published) => [networkId, targetOf(ip, published)] as const);
    });
  });
}

function targetOf(ip: string, { publishMode, publishedPort }: PublishedPort): Labels {
  return labelsOf({
    __address__: hostPort(ip, publishedPort),
    __meta_dockerswarm_task_port_publish_mode: publishMode,
  });
}
