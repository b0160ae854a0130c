import { groupCounters, type GroupFamily, groupGauges } from "./groups.ts";
import type { Family } from "./metric.ts";

/** The agent's families of groups, over the whole cluster and for each of its levels. */
function overall(family: GroupFamily): GroupFamily {
  const name = family.name.replace(/^container_group_/, "plimsoll_group_");
  return { ...family, name, help: family.help.replace("of the group", "of the level's group") };
}

/** What the groups of a level have used since the aggregator looks on: it never goes back. */
export const levelCounters: readonly GroupFamily[] = groupCounters.map(overall);

/** What they use now. */
export const levelGauges: readonly GroupFamily[] = groupGauges.map(overall);

/** How many containers run in each. */
export const levelSize: Family = {
  name: "plimsoll_group_containers",
  help: "Containers of the level's group that run; 0 for an hour after the last has gone.",
};

/** What machines have, for nodes and the cluster. */
export const levelCapacity: Readonly<Record<"cpu_cores" | "memory_bytes", Family>> = {
  cpu_cores: {
    name: "plimsoll_group_cpu_capacity_cores",
    help: "CPU cores of the node, or of all nodes of the cluster.",
  },
  memory_bytes: {
    name: "plimsoll_group_memory_capacity_bytes",
    help: "Memory of the node, or of all nodes of the cluster, in bytes.",
  },
};
