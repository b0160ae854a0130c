import { randomBytes } from "node:crypto";
import process from "node:process";

import { systemClock } from "../lib/clock.ts";
import { ConfigError, messageOf } from "../lib/errors.ts";
import { createHttpServer, listen } from "../lib/http/server.ts";
import type { Logger } from "../lib/log.ts";
import type { Surroundings } from "../lib/surroundings.ts";
import { version } from "../lib/version.ts";
import { allRoutes } from "./api/all.ts";
import { KeptAnswers } from "./api/kept-answers.ts";
import type { AgentView } from "./api/route.ts";
import { cgroupAt } from "./cgroup/cgroup.ts";
import { filesToKeep, readDescriptorLimit } from "./cgroup/descriptor-limit.ts";
import { findHierarchies, type Hierarchies } from "./cgroup/hierarchy.ts";
import { KernelFiles } from "./cgroup/kernel-files.ts";
import { allCollectors } from "./collectors/all.ts";
import { BlkioPolicies } from "./collectors/blkio-policies.ts";
import type { Host } from "./collectors/collector.ts";
import { NetworkNamespaces } from "./collectors/network-namespaces.ts";
import { type AgentConfig, dockerHostOf, isEnabled } from "./config.ts";
import { Inventory } from "./inventory/inventory.ts";
import { readMachine } from "./machine/machine.ts";
import { createRuntimes } from "./runtimes/all.ts";
import { createSelfMetrics } from "./self-metrics.ts";
import { Sampler } from "./window/sampler.ts";
import { Window } from "./window/window.ts";

/** A reader that takes nothing for so long is cut off. */
const SLOWEST_READER_MS = 30_000;

/** Sampling is in trouble when so many intervals, and so many seconds, have passed without it. */
const LATE_INTERVALS = 3;
const LATE_SECONDS = 5;

/** Starts the agent; its parts are closed with all others. Resolves once it answers. */
export async function startAgent(
  config: AgentConfig,
  surroundings: Surroundings,
): Promise<{ readonly url: string }> {
  const { parts, logger, reloads } = surroundings;
  const hierarchies = openHierarchies(config["cgroup.root"]);
  const host = openHost(config, hierarchies, logger);
  const length = Math.ceil(config["window.seconds"] / config["interval.seconds"]);
  const window = new Window(length, config["window.seconds"] * 1000);
  const runtimes = createRuntimes({ dockerHost: dockerHostOf(config, process.env) }, logger);
  const inventory = new Inventory((engineId) => sampler.describeAgain(engineId));
  const sampler = new Sampler({
    hierarchies,
    collectors: allCollectors.filter((collector) => isEnabled(collector.group, config)),
    host,
    inventory,
    window,
    clock: systemClock,
    intervalMs: config["interval.seconds"] * 1000,
  });

  parts.use("sampler", sampler);
  await sampler.start();
  for (const runtime of runtimes) {
    parts.use(runtime.name, runtime);
    inventory.follow(runtime, () => sampler.rescan());
  }
  logger.info({ cgroups: window.size, hierarchy: hierarchies.mode }, "sampling");

  const view: AgentView = {
    node: config.node,
    run: randomBytes(6).toString("hex"),
    machine: readMachine(config["proc.root"], config["sys.root"]),
    window,
    intervalSeconds: config["interval.seconds"],
    windowSeconds: config["window.seconds"],
    answers: new KeptAnswers(window),
    registry: createSelfMetrics({ sampler, window, files: host.files, runtimes, reloads }),
  };
  return serve(view, config, surroundings);
}

function openHierarchies(root: string): Hierarchies {
  try {
    return findHierarchies(root);
  } catch (error) {
    throw new ConfigError(
      "cgroup.root",
      root,
      `${messageOf(error)}; name the directory where they are mounted`,
    );
  }
}

function openHost(config: AgentConfig, hierarchies: Hierarchies, logger: Logger): Host {
  const limit = readDescriptorLimit();
  const files = new KernelFiles(filesToKeep(limit), () =>
    logger.warn(
      { limit },
      "too few file descriptors to keep all kernel files open, so sampling costs more; raise the limit (ulimit -n, LimitNOFILE)",
    ),
  );
  const sysRoot = config["sys.root"];
  return {
    files,
    procRoot: config["proc.root"],
    sysRoot,
    namespaces: new NetworkNamespaces(config["proc.root"]),
    blkio: new BlkioPolicies(cgroupAt(hierarchies, "/"), files, sysRoot, () =>
      systemClock.monotonic(),
    ),
  };
}

/** Ready means that sampling goes on. */
function readiness({ window, intervalSeconds }: AgentView): true | string {
  const age = (systemClock.now() - window.passedAt) / 1000;
  const isLate = age > Math.max(LATE_INTERVALS * intervalSeconds, LATE_SECONDS);
  return isLate ? `the last sample is ${age.toFixed(0)} s old` : true;
}

async function serve(
  view: AgentView,
  config: AgentConfig,
  { parts, logger }: Surroundings,
): Promise<{ readonly url: string }> {
  const app = await createHttpServer({
    title: "Plimsoll agent",
    description: "What the containers of one node use: every second, for the last minute.",
    version,
    logger,
    idleTimeoutMs: SLOWEST_READER_MS,
    ready: () => readiness(view),
  });
  for (const route of allRoutes) route(app, view);
  const server = parts.use("http", await listen(app, config.listen, logger));
  logger.info({ url: server.url, node: view.node }, "agent answers");
  return server;
}
