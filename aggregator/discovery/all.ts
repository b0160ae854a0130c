import type { Discovery, Target } from "./discovery.ts";
import { createStaticDiscovery } from "./static.ts";

/** What the operator says about where the agents are. */
export interface DiscoverySettings {
  readonly agents: readonly Target[];
}

/** Makes a way of finding agents. */
type CreateDiscovery = (settings: DiscoverySettings) => Discovery;

/** Every way of finding agents. A new one is a new line here. */
const allDiscoveries: readonly CreateDiscovery[] = [({ agents }) => createStaticDiscovery(agents)];

/** Starts every way of finding agents; `found` is told all of them together, each once. */
export function startDiscoveries(
  settings: DiscoverySettings,
  found: (targets: readonly Target[]) => void,
): Pick<Discovery, "close"> {
  const lists = new Map<Discovery, readonly Target[]>();
  const discoveries = allDiscoveries.map((create) => create(settings));
  for (const discovery of discoveries) {
    discovery.start((targets) => {
      lists.set(discovery, targets);
      const all = [...lists.values()].flat();
      found([...new Map(all.map((target) => [target.url, target])).values()]);
    });
  }
  return {
    async close() {
      await Promise.all(discoveries.map(async (discovery) => discovery.close()));
    },
  };
}
