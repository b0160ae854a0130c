import { inFolder } from "../../../lib/http/peer-config.ts";
import { parseGlobal } from "../../jobs/global.ts";
import type { Sink } from "../sink.ts";
import type { SinkSurroundings } from "../surroundings.ts";
import { configuredStores } from "./configured.ts";
import type { RemoteWriteSettings } from "./settings.ts";

/** A sink for each store that is to be written to. Throws ConfigError; nobody is asked yet. */
export async function openRemoteWrites(
  settings: RemoteWriteSettings,
  { clusterName, clock, logger, folder = "." }: SinkSurroundings,
): Promise<readonly Sink[]> {
  const stores = configuredStores(settings);
  if (stores.length === 0) return [];
  const { RemoteWrite } = await import("./remote-write.ts");
  const { externalLabels } = parseGlobal(settings.global);
  const external = { cluster: clusterName, ...externalLabels };
  const step = settings["remote.write.resolution"] * 1000;
  return stores.map((store) => {
    const peer = inFolder(store.peer, folder);
    return new RemoteWrite({ store: { ...store, peer }, step, external, clock, logger });
  });
}
