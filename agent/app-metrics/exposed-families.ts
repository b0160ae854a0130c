import {
  escapeLabelValue,
  type ExpositionFormat,
  type FamilyHead,
} from "../../wire/exposition/encode.ts";
import type { Sample } from "../../wire/exposition/parse-sample.ts";
import { type ExposedType, ExpositionParser } from "../../wire/exposition/parse.ts";

/** One series of a container's own metrics. */
export interface AppSeries {
  readonly name: string;
  /** What follows the container's own labels: `app_code="200",le="5"`, or nothing. */
  readonly labels: string;
  readonly value: number;
}

/** A family of a container's own metrics. */
export interface AppFamily extends FamilyHead {
  readonly series: AppSeries[];
}

/** Why series of a container were left out. */
export type Dropped = "malformed" | "too_long" | "duplicate" | "limit" | "type";

/** What a container exposes. */
export interface Exposed {
  readonly families: readonly AppFamily[];
  readonly dropped: ReadonlyMap<Dropped, number>;
}

const LONGEST_NAME = 200;
const LONGEST_VALUE = 1024;
const LONGEST_HELP = 1024;
const MOST_LABELS = 32;

/** So many families may say what they are, series or not. */
const MOST_HEADS = 10_000;

/** Names that the agent's own page or Prometheus itself gives out: those of a container get `app_` before. */
const RESERVED = /^(?:(?:container|machine|cadvisor|plimsoll|process|nodejs|scrape)(?:_|$)|up$)/;

/** Labels that mean something to Prometheus in a family of this type, so that their name must stay. */
const KEPT_LABELS: Readonly<Partial<Record<FamilyHead["type"], string>>> = {
  histogram: "le",
  summary: "quantile",
};

/** What stands behind the family's name in the names of its samples. */
const SUFFIXES: Readonly<Partial<Record<ExposedType, readonly string[]>>> = {
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["_sum", "_count"],
};

/** Types of OpenMetrics that have no name in the other format. */
const TYPES: Readonly<Record<ExposedType, FamilyHead["type"]>> = {
  counter: "counter",
  gauge: "gauge",
  histogram: "histogram",
  summary: "summary",
  info: "gauge",
  stateset: "gauge",
  gaugehistogram: "unknown",
  unknown: "unknown",
};

/**
 * Takes a container's page, and makes of it what may stand on ours: under names that are not ours,
 * labels as `app_<label>`, nothing too long, no series twice, no more than `most` series. A family
 * that does not fit is left out as a whole, as half a histogram would be a wrong one.
 */
export class ExposedFamilies {
  readonly #parser: ExpositionParser;
  readonly #format: ExpositionFormat;
  readonly #types: Map<string, ExposedType> = new Map();
  readonly #helps: Map<string, string> = new Map();
  readonly #families: Map<string, AppFamily> = new Map();
  readonly #seen: Set<string> = new Set();
  readonly #dropped: Map<Dropped, number> = new Map();

  constructor(format: ExpositionFormat) {
    this.#format = format;
    this.#parser = new ExpositionParser(format, {
      sample: (sample) => this.#take(sample),
      type: (family, type) => {
        if (this.#types.size < MOST_HEADS) this.#types.set(family, type);
      },
      help: (family, text) => {
        if (this.#helps.size < MOST_HEADS) this.#helps.set(family, text.slice(0, LONGEST_HELP));
      },
      malformed: () => this.#drop("malformed"),
    });
  }

  /** The next piece of the page. */
  push(piece: string): void {
    this.#parser.push(piece);
  }

  /** The page is over: what of it may be shown. */
  finish(most: number): Exposed {
    this.#parser.end();
    let room = most;
    const families = [...this.#families.values()].filter(({ series }) => {
      if (series.length > room) {
        this.#drop("limit", series.length);
        return false;
      }
      room -= series.length;
      return true;
    });
    return { families, dropped: this.#dropped };
  }

  #take(sample: Sample): void {
    const { name, labels, value } = sample;
    const isLong =
      name.length > LONGEST_NAME ||
      labels.length > MOST_LABELS ||
      labels.some(([key, of]) => key.length > LONGEST_NAME || of.length > LONGEST_VALUE);
    if (isLong) return this.#drop("too_long");
    const { family: base, type } = this.#familyOf(name);
    // When a counter began is told by another family in the other format, and by none in ours.
    if (this.#format === "openmetrics" && type !== "gauge" && name === `${base}_created`) return;
    const prefix = RESERVED.test(base) || RESERVED.test(name) ? "app_" : "";
    const kept = KEPT_LABELS[TYPES[type]];
    const text = labels
      .map(([key, of]) => `${key === kept ? key : `app_${key}`}="${escapeLabelValue(of)}"`)
      .toSorted()
      .join(",");
    const series = { name: prefix + name, labels: text, value };
    const identity = `${series.name}{${text}}`;
    if (this.#seen.has(identity)) return this.#drop("duplicate");
    const family = this.#put(prefix, base, name, type);
    if (family.type !== TYPES[type]) return this.#drop("type");
    this.#seen.add(identity);
    family.series.push(series);
  }

  #put(prefix: string, base: string, name: string, type: ExposedType): AppFamily {
    // A counter is called by the name of its series, whatever the format says.
    const own = type === "counter" || SUFFIXES[type] === undefined ? name : base;
    const key = prefix + own;
    let family = this.#families.get(key);
    if (family === undefined) {
      const help = this.#helps.get(base) ?? "";
      family = { name: key, type: TYPES[type], help, series: [] };
      this.#families.set(key, family);
    }
    return family;
  }

  /** The family that a sample belongs to by its name. */
  #familyOf(name: string): { family: string; type: ExposedType } {
    const exact = this.#types.get(name);
    if (exact !== undefined) return { family: name, type: exact };
    const end = name.lastIndexOf("_");
    const family = name.slice(0, end);
    const suffix = name.slice(end);
    const type = this.#types.get(family);
    if (type === undefined) return { family: name, type: "unknown" };
    if (SUFFIXES[type]?.includes(suffix) === true) return { family, type };
    const isOfOpenMetrics =
      (type === "counter" && suffix === "_total") ||
      (type === "info" && suffix === "_info") ||
      suffix === "_created";
    return this.#format === "openmetrics" && isOfOpenMetrics
      ? { family, type }
      : { family: name, type: "unknown" };
  }

  #drop(reason: Dropped, series = 1): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + series);
  }
}
