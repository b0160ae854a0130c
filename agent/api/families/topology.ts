import type { Machine } from "../../machine/machine.ts";

/** Values by the labels of a family, in their order; undefined = no such series. */
export type MachineSeries = Iterable<
  readonly [labels: readonly string[], value: number | undefined]
>;

/** All nodes of a machine, each giving some series, its number first among their labels. */
function perNode(
  { nodes }: Machine,
  seriesOf: (node: Machine["nodes"][number]) => MachineSeries,
): MachineSeries {
  return nodes.flatMap((node) =>
    [...seriesOf(node)].map(([labels, value]) => [[String(node.id), ...labels], value] as const),
  );
}

function cacheCapacity(machine: Machine): MachineSeries {
  return perNode(machine, ({ cores, caches }) => {
    const ofCores = cores.flatMap(({ id, caches: own, uncoreCaches }) =>
      [...own, ...uncoreCaches].map((cache) => ({ core: String(id), cache })),
    );
    const ofNode = caches.map((cache) => ({ core: "", cache }));
    return [...ofCores, ...ofNode].map(({ core, cache }) => [
      [core, cache.type, String(cache.level)],
      cache.sizeBytes,
    ]);
  });
}

function threadSiblings(machine: Machine): MachineSeries {
  return perNode(machine, ({ cores }) =>
    cores.flatMap(({ id, threads }) =>
      threads.map((thread) => [[String(id), String(thread)], threads.length] as const),
    ),
  );
}

/** Distances are told to all nodes in the order of their numbers. */
function distances(machine: Machine): MachineSeries {
  return perNode(machine, ({ distances: all }) =>
    all.length === machine.nodes.length
      ? machine.nodes.map(({ id }, index) => [[String(id)], all[index]] as const)
      : [],
  );
}

function hugepages(machine: Machine): MachineSeries {
  return perNode(machine, ({ hugepages: pools }) =>
    pools.map(({ pageSize, pages }) => [[String(pageSize)], pages] as const),
  );
}

/** The families of the group `cpu_topology`. */
export const topologySeries: {
  readonly [
    Name in
      | "machine_cpu_cache_capacity_bytes"
      | "machine_node_distance"
      | "machine_node_hugepages_count"
      | "machine_node_memory_capacity_bytes"
      | "machine_thread_siblings_count"
  ]: (machine: Machine) => MachineSeries;
} = {
  machine_cpu_cache_capacity_bytes: cacheCapacity,
  machine_node_distance: distances,
  machine_node_hugepages_count: hugepages,
  machine_node_memory_capacity_bytes: (machine) =>
    perNode(machine, ({ memoryBytes }) => [[[], memoryBytes]]),
  machine_thread_siblings_count: threadSiblings,
};
