import { at, countAt, listAt, textAt, textMapAt } from "../../../lib/json-at.ts";
import { isRecord } from "../../../lib/record.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { labelsOfNetworks } from "../docker-networks.ts";
import { hostPort, labelsOf, prefixedLabels } from "../meta-labels.ts";

/** How containers become targets. */
export interface ContainerRules {
  /** For containers that expose nothing. */
  readonly port: number;
  /** The address of containers in the host's network. */
  readonly hostNetworkingHost: string;
  /** Of several networks only the first by name. */
  readonly matchFirstNetwork: boolean;
}

/** A container's connection to a network. */
interface Attachment {
  readonly ip: string;
  readonly networkId: string;
}

/**
 * A target for each container, network and TCP port, from `GET /containers/json` and `GET /networks`.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#docker_sd_config
 */
export function groupOfContainers(
  containers: readonly unknown[],
  networks: readonly unknown[],
  rules: ContainerRules,
): TargetGroup {
  const networkLabels = labelsOfNetworks(networks, "__meta_docker_");
  const byId = new Map(containers.map((container) => [textAt(container, "Id"), container]));
  const targets = containers.flatMap((container) =>
    attachments(container, byId, rules).flatMap((attachment) =>
      targetsOf(container, attachment, rules).map((target) => ({
        ...labelsOfContainer(container),
        ...networkLabels.get(attachment.networkId),
        ...target,
      })),
    ),
  );
  return { source: "Docker", labels: {}, targets };
}

function labelsOfContainer(container: unknown): Labels {
  return {
    ...labelsOf({
      __meta_docker_container_id: textAt(container, "Id"),
      __meta_docker_container_name: nameOf(container),
      __meta_docker_container_network_mode: modeOf(container),
      __meta_docker_container_image: textAt(container, "Image"),
      __meta_docker_container_image_id: textAt(container, "ImageID"),
    }),
    ...prefixedLabels("__meta_docker_container_label_", textMapAt(container, "Labels")),
  };
}

/** `/name`; undefined for a container that is just being removed. */
function nameOf(container: unknown): string | undefined {
  const [name] = listAt(container, "Names");
  return typeof name === "string" ? name : undefined;
}

function modeOf(container: unknown): string {
  return textAt(container, "HostConfig", "NetworkMode");
}

function attachments(
  container: unknown,
  byId: ReadonlyMap<string, unknown>,
  rules: ContainerRules,
): readonly Attachment[] {
  if (nameOf(container) === undefined) return [];
  const all = networksOf(container, byId);
  return rules.matchFirstNetwork ? all.slice(0, 1) : all;
}

/** By name; those of the container whose network it shares, if it has none of its own. */
function networksOf(container: unknown, byId: ReadonlyMap<string, unknown>): readonly Attachment[] {
  let owner = container;
  // Ten bounds containers that claim to share each other's network.
  for (let depth = 0; depth < 10; depth++) {
    const own = ownNetworks(owner);
    const shared = /^container:(?<id>.+)$/u.exec(modeOf(owner))?.groups?.["id"];
    const next = shared === undefined ? undefined : byId.get(shared);
    if (own.length > 0 || next === undefined) return own;
    owner = next;
  }
  return [];
}

function ownNetworks(container: unknown): readonly Attachment[] {
  const networks = at(container, "NetworkSettings", "Networks");
  if (!isRecord(networks)) return [];
  return Object.keys(networks)
    .toSorted()
    .map((name) => networks[name])
    .filter(isRecord)
    .map((network) => ({
      ip: textAt(network, "IPAddress") || textAt(network, "GlobalIPv6Address"),
      networkId: textAt(network, "NetworkID"),
    }));
}

function targetsOf(container: unknown, { ip }: Attachment, rules: ContainerRules): Labels[] {
  const ports = listAt(container, "Ports").filter((port) => textAt(port, "Type") === "tcp");
  if (ports.length > 0) return ports.map((port) => targetOfPort(port, ip));
  const address =
    modeOf(container) === "host" ? rules.hostNetworkingHost : hostPort(ip, rules.port);
  return [labelsOf({ __address__: address, __meta_docker_network_ip: ip })];
}

function targetOfPort(port: unknown, ip: string): Labels {
  const inside = countAt(port, "PrivatePort") ?? 0;
  const outside = countAt(port, "PublicPort") ?? 0;
  return labelsOf({
    __address__: hostPort(ip, inside),
    __meta_docker_network_ip: ip,
    __meta_docker_port_private: String(inside),
    ...(outside > 0
      ? {
          __meta_docker_port_public: String(outside),
          __meta_docker_port_public_ip: textAt(port, "IP"),
        }
      : {}),
  });
}
