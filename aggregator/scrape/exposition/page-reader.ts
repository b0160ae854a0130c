import type { Sample } from "../../../wire/exposition/parse-sample.ts";
import type { ExpositionReader } from "../../../wire/exposition/parse.ts";
import type { Labels } from "../../../wire/labels.ts";
import { relabel } from "../../jobs/relabel.ts";
import type { Target } from "../../jobs/target.ts";
import { ScrapeError } from "../failure.ts";
import { keyOf, type SeriesPage, type SeriesSample } from "../series/scraped.ts";
import { bytesOf, type SeriesRoom } from "../series/series-room.ts";
import { withTarget } from "../series/target-labels.ts";

/** Why a sample of a page was left out, as `/metrics` counts it. */
export const DROP_CAUSES = ["malformed", "duplicate", "out_of_bounds"] as const;

/** One of these. */
export type DropCause = (typeof DROP_CAUSES)[number];

/** A sample may be so much ahead, as in Prometheus, or so much behind: an hour. Milliseconds. */
const MOST_AHEAD = 10 * 60_000;
const MOST_BEHIND = 60 * 60_000;

/** Lines of a page that are looked at, however short they are: more is no page of anybody's. */
const MOST_LINES = 1_000_000;

/** What a page is read with. */
export interface PageContext {
  readonly target: Target;
  /** Unix milliseconds at which the scrape began. */
  readonly time: number;
  /** Where the series find room. */
  readonly room: SeriesRoom;
  /** Is told every good sample as the page has it, with its time. */
  readonly each: (sample: Sample, time: number) => void;
}

/** Makes series of a page's samples, within the limits of its job. Throws a ScrapeError beyond them. */
export class PageReader implements ExpositionReader {
  readonly #context: PageContext;
  readonly #series = new Map<string, SeriesSample>();
  readonly dropped: Record<DropCause, number> = { malformed: 0, duplicate: 0, out_of_bounds: 0 };
  #scraped = 0;
  #kept = 0;

  constructor(context: PageContext) {
    this.#context = context;
  }

  sample(sample: Sample): void {
    const { target, time: now, each } = this.#context;
    const { honorTimestamps, honorLabels, metricRelabel } = target.job;
    this.#scraped++;
    this.#checkLines();
    const told = honorTimestamps ? sample.timestamp : undefined;
    const time = told ?? now;
    if (time > now + MOST_AHEAD || time < now - MOST_BEHIND) {
      this.dropped.out_of_bounds++;
      return;
    }
    each(sample, time);
    const labels = relabel(withTarget(sample, target.labels, honorLabels), metricRelabel);
    // What has lost its name can't be asked for.
    if (labels === undefined || (labels["__name__"] ?? "") === "") return;
    this.#kept++;
    checkLabels(labels, target);
    this.#keep({ labels, value: sample.value, time, isTimed: told !== undefined });
  }

  malformed(): void {
    this.dropped.malformed++;
    this.#checkLines();
  }

  /** What it came to; throws if not a line of it was one of metrics. */
  page(): SeriesPage {
    if (this.#scraped === 0 && this.dropped.malformed > 0) {
      throw new ScrapeError("not_a_page", "answers something that is no page of metrics");
    }
    return { series: this.#series, scraped: this.#scraped, kept: this.#kept };
  }

  #checkLines(): void {
    if (this.#scraped + this.dropped.malformed <= MOST_LINES) return;
    throw new ScrapeError("too_large", `more than ${MOST_LINES} lines`);
  }

  #keep(sample: SeriesSample): void {
    const { target, room } = this.#context;
    const { samples: limit } = target.job.limits;
    if (limit > 0 && this.#kept > limit) {
      throw new ScrapeError("limit", `more samples than sample_limit, which is ${limit}`);
    }
    const key = keyOf(sample.labels);
    if (this.#series.has(key)) {
      this.dropped.duplicate++;
      return;
    }
    if (!room.take(bytesOf(key))) {
      throw new ScrapeError(
        "memory",
        "no room for its series; raise scrape_series_memory, or drop some with metric_relabel_configs",
      );
    }
    this.#series.set(key, sample);
  }
}

/** Throws for a series that has more, or longer, labels than its job allows. */
function checkLabels(labels: Labels, { job: { limits } }: Target): void {
  const { labels: most, labelNameLength, labelValueLength } = limits;
  if (most === 0 && labelNameLength === 0 && labelValueLength === 0) return;
  const names = Object.keys(labels);
  const metric = labels["__name__"] ?? "";
  if (most > 0 && names.length > most) throw beyond(metric, "more labels than label_limit", most);
  for (const name of names) {
    if (labelNameLength > 0 && Buffer.byteLength(name) > labelNameLength) {
      throw beyond(metric, "a label's name longer than label_name_length_limit", labelNameLength);
    }
    if (labelValueLength > 0 && Buffer.byteLength(labels[name] ?? "") > labelValueLength) {
      throw beyond(metric, "a value longer than label_value_length_limit", labelValueLength);
    }
  }
}

function beyond(metric: string, what: string, limit: number): ScrapeError {
  return new ScrapeError("limit", `${metric.slice(0, 200)} has ${what}, which is ${limit}`);
}
