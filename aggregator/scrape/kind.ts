import type { Clock } from "../../lib/clock.ts";
import type { Peer } from "../../lib/http/peer.ts";
import type { Logger } from "../../lib/log.ts";
import type { JobKind } from "../jobs/job.ts";
import type { Target } from "../jobs/target.ts";
import type { Batch } from "../model/batch.ts";
import type { Cluster, Gap } from "../model/cluster.ts";
import type { ScrapeCounters } from "./counters.ts";
import type { Intake } from "./intake.ts";
import type { Owners } from "./owners.ts";
import type { SeriesPage } from "./series/scraped.ts";
import type { SeriesRoom } from "./series/series-room.ts";

/** What an answer was, after it was taken in. */
export interface Came {
  readonly kind: JobKind;
  /** Which node it speaks for, if for one. */
  readonly node?: string;
  /** New samples: of an agent's seconds, or of a page. */
  readonly samples: number;
  readonly containers: number;
  /** Seconds of the node that can't be got any more. */
  readonly gap?: Gap;
  /** Milliseconds that its clock is ahead of ours; known to about half a second. */
  readonly clockDifference?: number;
  /** What went less than well, for the operator. */
  readonly note?: string;
  /** The series of a page. */
  readonly page?: SeriesPage;
}

/** What a kind of scraping may use. */
export interface ScrapeTools {
  readonly peer: Peer;
  readonly cluster: Cluster;
  /** Takes what is new of a node, to keep it. */
  readonly deliver: (batch: Batch) => void;
  /** How much of that there is room for. */
  readonly intake: Intake;
  readonly owners: Owners;
  readonly counters: ScrapeCounters;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Room for the series of a target's next page: see SeriesStore. */
  readonly seriesRoom: (target: Target) => SeriesRoom;
}

/** One target that is asked again and again. */
export interface Asker {
  /**
   * Waits until there is room for what it will bring; answers what to call after the scrape. Absent where
   * nothing is gained by waiting.
   */
  enter?(signal: AbortSignal): Promise<() => void>;
  /** Asks once and takes the answer in. Throws a ScrapeError that says what is wrong with it. */
  scrape(signal: AbortSignal): Promise<Came>;
  /** It is not asked any more. */
  close(): void;
}

/** A way of scraping: what stands in the table of `all.ts`. */
export interface ScrapeKind {
  readonly kind: JobKind;
  /** Milliseconds for which such a target keeps what was not fetched: asking again soon loses nothing. */
  readonly keeps: number;
  open(target: Target, tools: ScrapeTools): Asker;
}
