import {
  floatField,
  integerField,
  keyText,
  measurementText,
  nanosecondsText,
  tagsText,
} from "./line.ts";
import type { Row } from "./node-interval.ts";
import type { Tags } from "./place.ts";
import type { Summed } from "./tally.ts";

/** Heapster's two ways to write: a measurement for each metric, or one for each subject. */
export const SCHEMAS = ["value", "fields", "both"] as const;

/** One of them, or both beside each other. */
export type Schema = (typeof SCHEMAS)[number];

/** What a metric is written into. */
interface Spot {
  readonly measurement: string;
  readonly field: string;
  /** Fields of ours. */
  readonly max: string;
  readonly min: string;
}

/** `cpu/usage_rate` is a measurement with the field `value`. */
function asValue(name: string): Spot {
  return { measurement: measurementText(name), field: "value", max: "max", min: "min" };
}

/** `cpu/usage_rate` is the field `usage_rate` of the measurement `cpu`; what has no such parts stays as it is. */
function asField(name: string): Spot {
  const slash = name.indexOf("/");
  if (slash === -1) return asValue(name);
  const field = keyText(name.slice(slash + 1));
  const measurement = measurementText(name.slice(0, slash));
  return { measurement, field, max: `${field}_max`, min: `${field}_min` };
}

const spotters: Readonly<Record<Schema, readonly ((name: string) => Spot)[]>> = {
  value: [asValue],
  fields: [asField],
  both: [asValue, asField],
};

/** Writes rows as lines, each with its end; what a line can't say is left out. */
export class RowWriter {
  readonly #schema: Schema;
  /** Both are the same over and over. */
  readonly #spots = new Map<string, readonly Spot[]>();
  /** By the tags' object and what of several a line is about. */
  readonly #tagTexts = new WeakMap<Tags, Map<string, string>>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  lines({ tags, time, values }: Row): string[] {
    const stamp = ` ${nanosecondsText(time)}\n`;
    const lines: string[] = [];
    for (const summed of values) {
      const own = this.#tagsOf(tags, summed.resourceId);
      for (const spot of this.#spotsOf(summed.name)) {
        const fields = fieldsText(spot, summed);
        if (fields !== "") lines.push(`${spot.measurement}${own} ${fields}${stamp}`);
      }
    }
    return lines;
  }

  /** Made once for each series, as most of the time would go into it. */
  #tagsOf(tags: Tags, resourceId = ""): string {
    let texts = this.#tagTexts.get(tags);
    if (texts === undefined) this.#tagTexts.set(tags, (texts = new Map<string, string>()));
    let text = texts.get(resourceId);
    if (text === undefined) {
      text = tagsText(resourceId === "" ? tags : { ...tags, resource_id: resourceId });
      texts.set(resourceId, text);
    }
    return text;
  }

  #spotsOf(name: string): readonly Spot[] {
    let spots = this.#spots.get(name);
    if (spots === undefined) {
      const all = spotters[this.#schema].map((spotter) => spotter(name));
      // What has no slash in its name is the same in both.
      spots = name.includes("/") ? all : all.slice(0, 1);
      this.#spots.set(name, spots);
    }
    return spots;
  }
}

function fieldsText(spot: Spot, { isInteger, average, max, min }: Summed): string {
  const write = isInteger ? integerField : floatField;
  const value = write(average);
  if (value === undefined) return "";
  const most = max === undefined ? undefined : write(max);
  const least = min === undefined ? undefined : write(min);
  let text = `${spot.field}=${value}`;
  if (most !== undefined) text += `,${spot.max}=${most}`;
  if (least !== undefined) text += `,${spot.min}=${least}`;
  return text;
}
