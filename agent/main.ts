import { createHttpServer, listen } from "../lib/http/server.ts";
import { openWebConfig } from "../lib/http/web-config/web-config.ts";
import type { Surroundings } from "../lib/surroundings.ts";
import { version } from "../lib/version.ts";
import { allRoutes } from "./api/all.ts";
import type { AgentView } from "./api/route.ts";
import type { AgentConfig } from "./config.ts";
import { withHostRoots } from "./host-roots.ts";
import { openKernel } from "./open-kernel.ts";
import { lateness, openView } from "./open-view.ts";
import { startSampling } from "./start-sampling.ts";

/** A reader that takes nothing for so long is cut off. */
const SLOWEST_READER_MS = 30_000;

/** An agent that answers. */
export interface StartedAgent {
  readonly url: string;
  /** A token for another part of this process; undefined where anybody may ask. */
  readonly pass: () => string | undefined;
}

/** Starts the agent; its parts are closed with all others. Resolves once it answers. */
export async function startAgent(
  configured: AgentConfig,
  surroundings: Surroundings,
): Promise<StartedAgent> {
  const config = withHostRoots(configured);
  const kernel = await openKernel(config, surroundings.parts, surroundings.logger);
  const sampling = await startSampling(config, kernel, surroundings);
  const view = await openView(config, kernel, sampling, surroundings);
  return serve(view, config, surroundings);
}

async function serve(
  view: AgentView,
  config: AgentConfig,
  { parts, logger }: Surroundings,
): Promise<StartedAgent> {
  const web = openWebConfig(config["web.config.file"], logger);
  if (web !== undefined) parts.use("web config", web).addMetrics(view.registry);
  const app = await createHttpServer({
    ...web?.protection,
    title: "Plimsoll agent",
    description: "What the containers of one node use: every second, for the last minute.",
    version,
    logger,
    idleTimeoutMs: SLOWEST_READER_MS,
    basePath: config["base.path"],
    ready: () => lateness(view.window.passedMonotonic, view.intervalSeconds) ?? true,
  });
  for (const route of allRoutes) route(app, view);
  const server = parts.use("http", await listen(app, config.listen, logger));
  logger.info({ url: server.url, node: view.node }, "agent answers");
  return { url: server.url, pass: () => web?.pass() };
}
