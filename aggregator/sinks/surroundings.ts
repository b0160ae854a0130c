import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";

/** What sinks are opened in. */
export interface SinkSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
  /** What this cluster is called, for labels and tags. */
  readonly clusterName: string;
  /** Where paths of the configuration begin; the current folder if left out. */
  readonly folder?: string;
}
