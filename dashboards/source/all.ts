import { containerDashboard } from "./container.ts";
import type { Dashboard } from "./dashboard.ts";
import { events } from "./events.ts";
import { fleet } from "./fleet.ts";
import { groups } from "./groups.ts";
import { kubernetesCluster } from "./kubernetes-cluster.ts";
import { kubernetesPods } from "./kubernetes-pods.ts";
import { nodeDashboard } from "./node.ts";
import { noisyNeighbours } from "./noisy-neighbours.ts";
import { plimsoll } from "./plimsoll.ts";
import { swarm } from "./swarm.ts";

/** Every dashboard, from the whole to its parts. A new one is a new line here. */
export const allDashboards: readonly Dashboard[] = [
  fleet,
  nodeDashboard,
  containerDashboard,
  groups,
  swarm,
  kubernetesCluster,
  kubernetesPods,
  events,
  noisyNeighbours,
  plimsoll,
];
