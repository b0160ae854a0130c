import { networkInterfaces } from "node:os";

import type { Clock } from "../lib/clock.ts";
import { globPattern } from "../lib/glob.ts";
import type { Logger } from "../lib/log.ts";
import type { AppMetrics } from "./app-metrics/app-metrics.ts";
import { type AgentConfig, isExposed } from "./config.ts";
import type { Inventory } from "./inventory/inventory.ts";
import type { Window } from "./window/window.ts";

/** What the asking of containers needs from outside. */
interface Surrounding {
  readonly window: Window;
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly logger: Logger;
}

function ownAddresses(): readonly string[] {
  const interfaces = Object.values(networkInterfaces());
  return interfaces.flatMap((addresses = []) => addresses.map(({ address }) => address));
}

/** Begins to ask containers for their own metrics; undefined if the operator has allowed none. */
export async function openAppMetrics(
  config: AgentConfig,
  { window, inventory, clock, logger }: Surrounding,
): Promise<AppMetrics | undefined> {
  const allowed = config["app.metrics.allow"];
  if (allowed.length === 0 || !isExposed("app", config)) return undefined;
  // Only now, as most hosts do without it.
  const { AppMetrics: Opened } = await import("./app-metrics/app-metrics.ts");
  const settings = {
    allow: allowed.map(globPattern),
    intervalMs: config["app.metrics.interval"] * 1000,
    mostSeries: config["app.metrics.count.limit"],
  };
  return new Opened({ window, inventory, clock, logger, settings, ownAddresses });
}
