import type { SinkSettings } from "./settings.ts";
import type { Sink } from "./sink.ts";
import type { SinkSurroundings } from "./surroundings.ts";

/** Opens the sinks of one kind that the configuration asks for; none if it asks for none. Throws ConfigError. */
export type OpenSinks = (
  config: SinkSettings,
  surroundings: SinkSurroundings,
) => Promise<readonly Sink[]>;

/** The kinds of sinks, each loaded when it is wanted. A new one is a new line here. */
export const allSinks: readonly OpenSinks[] = [
  async (config, surroundings) =>
    (await import("./influxdb/influxdb.ts")).openInfluxSinks(config, surroundings),
  async (config, surroundings) =>
    (await import("./remote-write/open.ts")).openRemoteWrites(config, surroundings),
];
