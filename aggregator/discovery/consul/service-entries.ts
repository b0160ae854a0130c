import { countAt, listAt, textAt, textMapAt, textsAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelsOf, prefixedLabels } from "../meta-labels.ts";

/** What all instances of a service have in common. */
export interface ConsulService {
  readonly name: string;
  readonly datacenter: string;
}

/**
 * A target for each instance of a service, from `GET /v1/health/service/NAME`.
 * https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#consul_sd_config
 */
export function groupOfEntries(
  service: ConsulService,
  entries: readonly unknown[],
  tagSeparator: string,
): TargetGroup {
  return {
    source: service.name,
    labels: labelsOf({
      __meta_consul_service: service.name,
      __meta_consul_dc: service.datacenter,
    }),
    targets: entries.map((entry) => targetOf(entry, tagSeparator)),
  };
}

function targetOf(entry: unknown, separator: string): Labels {
  const nodeAddress = textAt(entry, "Node", "Address");
  const serviceAddress = textAt(entry, "Service", "Address");
  const port = countAt(entry, "Service", "Port") ?? 0;
  // One at each end too, so that a pattern for a tag need not care where it stands.
  const tags = ["", ...textsAt(entry, "Service", "Tags"), ""];
  return {
    ...labelsOf({
      // A service may have been registered from another node.
      __address__: hostPort(serviceAddress || nodeAddress, port),
      __meta_consul_address: nodeAddress,
      __meta_consul_node: textAt(entry, "Node", "Node"),
      __meta_consul_namespace: textAt(entry, "Service", "Namespace"),
      __meta_consul_partition: textAt(entry, "Service", "Partition"),
      __meta_consul_tags: tags.length === 2 ? separator + separator : tags.join(separator),
      __meta_consul_service_address: serviceAddress,
      __meta_consul_service_port: String(port),
      __meta_consul_service_id: textAt(entry, "Service", "ID"),
      __meta_consul_health: healthOf(listAt(entry, "Checks")),
    }),
    ...prefixedLabels("__meta_consul_metadata_", textMapAt(entry, "Node", "Meta")),
    ...prefixedLabels("__meta_consul_service_metadata_", textMapAt(entry, "Service", "Meta")),
    ...prefixedLabels("__meta_consul_tagged_address_", textMapAt(entry, "Node", "TaggedAddresses")),
  };
}

/** The worst of all checks; empty if one of them says something unheard of. */
function healthOf(checks: readonly unknown[]): string {
  const states = checks.map((check) =>
    isMaintenance(textAt(check, "CheckID")) ? "maintenance" : textAt(check, "Status"),
  );
  const known = ["maintenance", "critical", "warning", "passing"];
  if (!states.every((state) => known.includes(state))) return "";
  return known.find((state) => states.includes(state)) ?? "passing";
}

function isMaintenance(checkId: string): boolean {
  return checkId === "_node_maintenance" || checkId.startsWith("_service_maintenance:");
}

/**
 * The names among `GET /v1/catalog/services` (name to tags) that are wanted: those of the list, if there
 * is one, with all the tags.
 */
export function wantedServices(
  catalog: unknown,
  names: readonly string[],
  tags: readonly string[],
): readonly string[] {
  if (typeof catalog !== "object" || catalog === null) return [];
  return Object.keys(catalog)
    .filter((name) => names.length === 0 || names.includes(name))
    .filter((name) => tags.every((tag) => textsAt(catalog, name).includes(tag)))
    .toSorted();
}
