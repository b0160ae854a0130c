import type { Registry } from "prom-client";

import { observedCounter, observedGauge } from "../../lib/observed-metrics.ts";
import type { Filesystems } from "./filesystems.ts";

/** Adds what measuring filesystems costs, and how far behind it is. */
export function addFilesystemCost(
  registry: Registry,
  { cost, schedule }: Pick<Filesystems, "cost" | "schedule">,
): void {
  observedCounter(registry, {
    name: "plimsoll_agent_filesystem_walks_total",
    help: "Walks over the writable layers, logs and volumes of containers.",
    read: (tell) => tell(cost.walks),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_filesystem_entries_total",
    help: "Directory entries that the walks looked at.",
    read: (tell) => tell(cost.entries),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_filesystem_walk_seconds_total",
    help: "Time spent in walks, without that in which they were held back.",
    read: (tell) => tell(cost.walkSeconds),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_filesystem_failures_total",
    help: "Filesystems, layers and volumes that could not be measured, by reason.",
    labels: ["reason"],
    read(tell) {
      for (const [reason, count] of cost.failures) tell(count, { reason });
    },
  });
  observedGauge(registry, {
    name: "plimsoll_agent_filesystem_waiting",
    help: "Containers and volumes whose measurement is due.",
    read: (tell) => tell(schedule.waiting),
  });
  observedGauge(registry, {
    name: "plimsoll_agent_filesystem_oldest_result_seconds",
    help: "Age of the oldest result of a container that has run since then; 0 = there is none.",
    read: (tell) => tell(schedule.oldestSeconds),
  });
}
