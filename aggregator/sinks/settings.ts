import type { InfluxSettings } from "./influxdb/settings.ts";
import type { QueueSettings } from "./queue/settings.ts";
import type { RemoteWriteSettings } from "./remote-write/settings.ts";

/**
 * What the operator says about sinks, a part of `AggregatorConfig`. A kind of sink puts its own
 * settings into an interface beside it, which this one extends.
 */
export interface SinkSettings extends QueueSettings, InfluxSettings, RemoteWriteSettings {
  /** What this cluster is called. */
  readonly "cluster.name": string;
}
