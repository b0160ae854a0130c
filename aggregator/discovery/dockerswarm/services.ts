import { at, countAt, listAt, textAt, textMapAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { labelsOfNetworks } from "../docker-networks.ts";
import { hostPort, labelsOf, prefixedLabels } from "../meta-labels.ts";

/** A port that a service publishes; Docker says 0 of one that it has not given a number yet. */
export interface PublishedPort {
  readonly name: string;
  readonly publishMode: string;
  readonly publishedPort: number;
}

/**
 * A target for each service, virtual address and published TCP port, from `GET /services` and
 * `GET /networks`.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dockerswarm_sd_config
 */
export function groupOfServices(
  services: readonly unknown[],
  networks: readonly unknown[],
  port: number,
): TargetGroup {
  const networkLabels = labelsOfNetworks(networks, "__meta_dockerswarm_");
  const targets = services.flatMap((service) => {
    const labels = { ...labelsOfService(service), ...labelsOfTemplate(service) };
    return listAt(service, "Endpoint", "VirtualIPs").flatMap((virtual) =>
      targetsAt(bareAddress(textAt(virtual, "Addr")), service, port).map((target) => ({
        ...labels,
        ...networkLabels.get(textAt(virtual, "NetworkID")),
        ...target,
      })),
    );
  });
  return { source: "DockerSwarm", labels: {}, targets };
}

function targetsAt(ip: string | undefined, service: unknown, port: number): Labels[] {
  if (ip === undefined) return [];
  const ports = tcpPorts(listAt(service, "Endpoint", "Ports"));
  if (ports.length === 0) return [{ __address__: hostPort(ip, port) }];
  return ports.map(({ name, publishMode, publishedPort }) =>
    labelsOf({
      __address__: hostPort(ip, publishedPort),
      __meta_dockerswarm_service_endpoint_port_name: name,
      __meta_dockerswarm_service_endpoint_port_publish_mode: publishMode,
    }),
  );
}

/** What a task's target says of its service. */
export function labelsOfService(service: unknown): Labels {
  return {
    ...labelsOf({
      __meta_dockerswarm_service_id: textAt(service, "ID"),
      __meta_dockerswarm_service_name: textAt(service, "Spec", "Name"),
      __meta_dockerswarm_service_mode: modeOf(service),
    }),
    ...prefixedLabels("__meta_dockerswarm_service_label_", textMapAt(service, "Spec", "Labels")),
  };
}

function labelsOfTemplate(service: unknown): Labels {
  const container = at(service, "Spec", "TaskTemplate", "ContainerSpec");
  return labelsOf({
    __meta_dockerswarm_service_task_container_hostname: textAt(container, "Hostname"),
    __meta_dockerswarm_service_task_container_image: textAt(container, "Image"),
    __meta_dockerswarm_service_updating_status: textAt(service, "UpdateStatus", "State"),
  });
}

// Jobs have modes of their own, which Prometheus does not name.
function modeOf(service: unknown): string {
  const has = (mode: string): boolean => (at(service, "Spec", "Mode", mode) ?? null) !== null;
  if (has("Global")) return "global";
  return has("Replicated") ? "replicated" : "";
}

/** The TCP ones of a list of published ports. */
export function tcpPorts(ports: readonly unknown[]): readonly PublishedPort[] {
  return ports
    .filter((port) => textAt(port, "Protocol") === "tcp")
    .map((port) => ({
      name: textAt(port, "Name"),
      publishMode: textAt(port, "PublishMode"),
      publishedPort: countAt(port, "PublishedPort") ?? 0,
    }));
}

/** `10.0.0.2` of `10.0.0.2/24`; undefined if it is not of this form. */
export function bareAddress(network: string): string | undefined {
  return /^(?<ip>[0-9a-f.:]+)\/\d+$/iu.exec(network)?.groups?.["ip"];
}
