import { at, flagAt, textAt, textMapAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelsOf, prefixedLabels } from "../meta-labels.ts";

/**
 * A target for each node of a swarm, from `GET /nodes`.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dockerswarm_sd_config
 */
export function groupOfNodes(nodes: readonly unknown[], port: number): TargetGroup {
  const targets = nodes.map((node) => ({
    ...labelsOfNode(node),
    ...labelsOfManager(node),
    ...labelsOf({
      __meta_dockerswarm_node_engine_version: textAt(
        node,
        "Description",
        "Engine",
        "EngineVersion",
      ),
      __address__: hostPort(textAt(node, "Status", "Addr"), port),
    }),
  }));
  return { source: "DockerSwarm", labels: {}, targets };
}

/** What a task's target says of its node; the engine's version and the manager are not among it. */
export function labelsOfNode(node: unknown): Labels {
  return {
    ...labelsOf({
      __meta_dockerswarm_node_id: textAt(node, "ID"),
      __meta_dockerswarm_node_role: textAt(node, "Spec", "Role"),
      __meta_dockerswarm_node_availability: textAt(node, "Spec", "Availability"),
      __meta_dockerswarm_node_hostname: textAt(node, "Description", "Hostname"),
      __meta_dockerswarm_node_platform_architecture: textAt(
        node,
        "Description",
        "Platform",
        "Architecture",
      ),
      __meta_dockerswarm_node_platform_os: textAt(node, "Description", "Platform", "OS"),
      __meta_dockerswarm_node_status: textAt(node, "Status", "State"),
      __meta_dockerswarm_node_address: textAt(node, "Status", "Addr"),
    }),
    ...prefixedLabels("__meta_dockerswarm_node_label_", textMapAt(node, "Spec", "Labels")),
  };
}

function labelsOfManager(node: unknown): Labels {
  const manager = at(node, "ManagerStatus") ?? undefined;
  if (manager === undefined) return {};
  return labelsOf({
    __meta_dockerswarm_node_manager_leader: String(flagAt(manager, "Leader") ?? false),
    __meta_dockerswarm_node_manager_reachability: textAt(manager, "Reachability"),
    __meta_dockerswarm_node_manager_address: textAt(manager, "Addr"),
  });
}
