import type { Labels } from "../../wire/labels.ts";
import type { Job } from "./job.ts";

/** One endpoint that is scraped, as its job and the relabelling have made it. */
export interface Target {
  readonly job: Job;
  /** The whole URL with the parameters, without user and password. */
  readonly url: string;
  /** `job`, `instance` and whatever relabelling has left: on every series of the target. */
  readonly labels: Labels;
  /** Before relabelling, for `/targets`. */
  readonly discoveredLabels: Labels;
  /** Milliseconds; relabelling may set them for each target. */
  readonly scrapeInterval: number;
  readonly scrapeTimeout: number;
}
