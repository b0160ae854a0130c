import { flagAt, textAt, textMapAt } from "../../lib/json-at.ts";
import type { Labels } from "../../wire/labels.ts";
import { labelsOf, prefixedLabels } from "./meta-labels.ts";

/**
 * Labels of each network by its id, from `GET /networks`.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Network/operation/NetworkList
 *
 * @param prefix `__meta_docker_` or `__meta_dockerswarm_`
 */
export function labelsOfNetworks(
  networks: readonly unknown[],
  prefix: string,
): ReadonlyMap<string, Labels> {
  return new Map(
    networks.map((network) => [textAt(network, "Id"), labelsOfNetwork(network, prefix)]),
  );
}

function labelsOfNetwork(network: unknown, prefix: string): Labels {
  return {
    ...labelsOf({
      [`${prefix}network_id`]: textAt(network, "Id"),
      [`${prefix}network_name`]: textAt(network, "Name"),
      [`${prefix}network_scope`]: textAt(network, "Scope"),
      [`${prefix}network_internal`]: String(flagAt(network, "Internal") ?? false),
      [`${prefix}network_ingress`]: String(flagAt(network, "Ingress") ?? false),
    }),
    ...prefixedLabels(`${prefix}network_label_`, textMapAt(network, "Labels")),
  };
}
