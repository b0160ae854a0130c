import type { Fields } from "../../../lib/config/fields.ts";
import { inFolder } from "../../../lib/http/peer-config.ts";
import type { DiscoveryKind } from "../discovery.ts";
import { DockerEngine, parseEngine } from "../docker-engine.ts";
import { createRefreshing } from "../refresh.ts";
import { type ContainerRules, groupOfContainers } from "./containers.ts";

/** Containers of one Docker engine, of a swarm or not. */
export const docker: DiscoveryKind = {
  key: "docker_sd_configs",
  parse(entry) {
    const settings = parseEngine(entry);
    const rules = parseRules(entry);
    const interval = entry.duration("refresh_interval", 60_000);
    entry.end();
    const { host, where, filters } = settings;
    return (context) => {
      const engine = new DockerEngine({ host, peer: inFolder(settings.peer, context.folder) });
      const refreshing = createRefreshing(
        {
          kind: "docker",
          where,
          interval,
          async read(signal) {
            const containers = await engine.list("/containers/json", signal, filters);
            const networks = await engine.list("/networks", signal);
            return [groupOfContainers(containers, networks, rules)];
          },
        },
        context,
      );
      return {
        ...refreshing,
        async close() {
          await refreshing.close();
          engine.close();
        },
      };
    };
  },
};

function parseRules(entry: Fields): ContainerRules {
  return {
    port: entry.integer("port", { min: 0, max: 65_535 }, 80),
    hostNetworkingHost: entry.text("host_networking_host", "localhost"),
    matchFirstNetwork: entry.flag("match_first_network", true),
  };
}
