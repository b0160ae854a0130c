import { inFolder } from "../../../lib/http/peer-config.ts";
import type { DiscoveryKind, TargetGroup } from "../discovery.ts";
import { DockerEngine, type EngineSettings, parseEngine } from "../docker-engine.ts";
import { createRefreshing } from "../refresh.ts";
import { groupOfNodes } from "./nodes.ts";
import { groupOfServices } from "./services.ts";
import { SwarmEvents } from "./swarm-events.ts";
import { groupOfTasks } from "./tasks.ts";

const ROLES = ["services", "tasks", "nodes"] as const;

/** What becomes a target. */
type Role = (typeof ROLES)[number];

/** Services, tasks or nodes of a swarm, as one of its managers knows them. */
export const dockerswarm: DiscoveryKind = {
  key: "dockerswarm_sd_configs",
  parse(entry) {
    const settings = parseEngine(entry);
    const role = entry.choice("role", ROLES);
    if (role === undefined) {
      throw entry.fault("role", `is missing; it is one of ${ROLES.join(", ")}`);
    }
    const port = entry.integer("port", { min: 0, max: 65_535 }, 80);
    const interval = entry.duration("refresh_interval", 60_000);
    entry.end();
    const { host, where, filters } = settings;
    return (context) => {
      const own = { host, peer: inFolder(settings.peer, context.folder) };
      const engine = new DockerEngine(own);
      let leave: (() => Promise<void>) | undefined;
      const refreshing = createRefreshing(
        {
          kind: "dockerswarm",
          where: `${where} (${role})`,
          interval,
          read: async (signal) => [await readers[role](engine, signal, filters, port)],
        },
        context,
      );
      return {
        ...refreshing,
        start(found) {
          refreshing.start(found);
          leave = context.orchestrators?.follow(JSON.stringify(own), () => {
            const { clock, logger } = context;
            return new SwarmEvents({ engine: new DockerEngine(own), where, clock, logger });
          });
        },
        async close() {
          await leave?.();
          await refreshing.close();
          engine.close();
        },
      };
    };
  },
};

type ReadRole = (
  engine: DockerEngine,
  signal: AbortSignal,
  filters: EngineSettings["filters"],
  port: number,
) => Promise<TargetGroup>;

// The filters are for what becomes a target, not for what is told of it besides.
const readers: Readonly<Record<Role, ReadRole>> = {
  async services(engine, signal, filters, port) {
    const services = await engine.list("/services", signal, filters);
    return groupOfServices(services, await engine.list("/networks", signal), port);
  },
  async tasks(engine, signal, filters, port) {
    const tasks = await engine.list("/tasks", signal, filters);
    const services = await engine.list("/services", signal);
    const nodes = await engine.list("/nodes", signal);
    const networks = await engine.list("/networks", signal);
    return groupOfTasks({ tasks, services, nodes, networks }, port);
  },
  async nodes(engine, signal, filters, port) {
    return groupOfNodes(await engine.list("/nodes", signal, filters), port);
  },
};
