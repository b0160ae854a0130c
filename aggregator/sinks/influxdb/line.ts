/**
 * InfluxDB's line protocol.
 * https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
 */

/** Line ends and other characters that no tag can hold. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f]+/gu;

/** The longest tag that the server takes is 64 KiB, its keys and measurement included. */
const LONGEST_TAG = 4096;
/** The longest text of a field is 64 KiB. */
const LONGEST_TEXT = 60_000;

/** A measurement's name as it stands in a line. */
export function measurementText(name: string): string {
  return name.replaceAll(/[, ]/gu, String.raw`\$&`);
}

/** A key of a tag or of a field. */
export function keyText(key: string): string {
  return key.replaceAll(/[,= ]/gu, String.raw`\$&`);
}

/**
 * A tag's value; empty if nothing of it can be written. What would end the line becomes a blank, and a
 * backslash at the end, which would make what follows a part of the value, is left out.
 */
function tagText(value: string): string {
  const short = cut(value.replaceAll(CONTROLS, " "), LONGEST_TAG);
  return short.replace(/\\+$/u, "").replaceAll(/[,= ]/gu, String.raw`\$&`);
}

/** All tags with a comma before each, sorted as the server likes it best. */
export function tagsText(tags: Readonly<Record<string, string>>): string {
  return Object.keys(tags)
    .toSorted()
    .map((key) => {
      const value = tagText(tags[key] ?? "");
      return value === "" ? "" : `,${keyText(key)}=${value}`;
    })
    .join("");
}

/** A whole number as the value of a field; undefined if it is none or too large to be exact. */
export function integerField(value: number): string | undefined {
  const whole = Math.round(value);
  return Number.isSafeInteger(whole) ? `${whole}i` : undefined;
}

/** Any number as the value of a field; undefined for what the protocol has no word for. */
export function floatField(value: number): string | undefined {
  return Number.isFinite(value) ? String(value) : undefined;
}

/** A text as the value of a field. */
export function textField(text: string): string {
  const short = cut(text.replaceAll("\u0000", ""), LONGEST_TEXT);
  return `"${short.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;
}

/** Unix milliseconds as the nanoseconds of a line, with some more of them. */
export function nanosecondsText(milliseconds: number, more = 0): string {
  return `${Math.floor(milliseconds)}${String(more).padStart(6, "0")}`;
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : text.slice(0, longest);
}
