import type { ExpositionFormat } from "./encode.ts";

/** One sample of a page. */
export interface Sample {
  readonly name: string;
  /** In the order of the page; no name stands there twice. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  /** Unix milliseconds, if the page tells. */
  readonly timestamp?: number;
}

const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const UNESCAPED = /[^"\\]*/y;
const BLANKS = /[ \t]*/y;

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

type Labels = (readonly [string, string])[];

/** A line that is being read, and how far it has been. */
interface Cursor {
  readonly text: string;
  at: number;
}

/** Takes what the pattern finds right here; undefined if it finds nothing. */
function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

function takeCharacter(cursor: Cursor, character: string): boolean {
  take(cursor, BLANKS);
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at++;
  take(cursor, BLANKS);
  return true;
}

/** A label's value behind its opening quote, to behind the closing one. */
function takeQuoted(cursor: Cursor): string | undefined {
  let value = "";
  for (;;) {
    value += take(cursor, UNESCAPED) ?? "";
    const mark = cursor.text[cursor.at];
    const escaped = cursor.text[cursor.at + 1];
    cursor.at++;
    if (mark === '"') return value;
    if (escaped !== "n" && escaped !== '"' && escaped !== "\\") return undefined;
    value += escaped === "n" ? "\n" : escaped;
    cursor.at++;
  }
}

/** Labels behind the opening brace, to behind the closing one; undefined if there is anything else. */
function takeLabels(cursor: Cursor): Labels | undefined {
  const labels: Labels = [];
  const names = new Set<string>();
  while (!takeCharacter(cursor, "}")) {
    const name = take(cursor, LABEL_NAME);
    if (name === undefined || names.has(name)) return undefined;
    names.add(name);
    if (!takeCharacter(cursor, "=") || cursor.text[cursor.at] !== '"') return undefined;
    cursor.at++;
    const value = takeQuoted(cursor);
    if (value === undefined) return undefined;
    labels.push([name, value]);
    if (!takeCharacter(cursor, ",") && cursor.text[cursor.at] !== "}") return undefined;
  }
  return labels;
}

/** The first word of a text and what follows it, without the blanks between. */
export function splitWord(text: string): readonly [word: string, rest: string] {
  const [, word = "", rest = ""] = /^([^ \t]*)[ \t]*(.*)$/s.exec(text) ?? [];
  return [word, rest];
}

/** A value as the formats write it; undefined if it is none, or too large to be told. */
function parseValue(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^nan$/i.test(text)) return Number.NaN;
  const sign = INFINITE.exec(text)?.[1];
  if (sign === undefined) return undefined;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Whole milliseconds in the one format, seconds with a fraction in the other. */
function parseTimestamp(text: string, format: ExpositionFormat): number | undefined {
  if (format === "prometheus") return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
  return DECIMAL.test(text) ? Number(text) * 1000 : undefined;
}

/** `# {trace_id="…"} 0.67 1520879607.789`, which OpenMetrics allows behind a sample. */
function isExemplar(text: string): boolean {
  const cursor = { text, at: 1 };
  if (!takeCharacter(cursor, "{") || takeLabels(cursor) === undefined) return false;
  const [value, timestamp] = splitWord(text.slice(cursor.at));
  if (parseValue(value) === undefined) return false;
  return timestamp === "" || parseTimestamp(timestamp, "openmetrics") !== undefined;
}

/** One line of a page that is no comment, without blanks around it; undefined if it is not whole. */
export function parseSample(line: string, format: ExpositionFormat): Sample | undefined {
  const cursor = { text: line, at: 0 };
  const name = take(cursor, METRIC_NAME);
  if (name === undefined) return undefined;
  const nameEnd = cursor.at;
  const labels = takeCharacter(cursor, "{") ? takeLabels(cursor) : [];
  if (labels === undefined) return undefined;
  take(cursor, BLANKS);
  // Without labels only a blank parts the name from the value.
  if (cursor.at === nameEnd) return undefined;
  const [valueText, behind] = splitWord(line.slice(cursor.at));
  const value = parseValue(valueText);
  if (value === undefined) return undefined;
  if (behind === "") return { name, labels, value };
  if (isTolerated(behind, format)) return { name, labels, value };
  const [time, rest] = splitWord(behind);
  const timestamp = parseTimestamp(time, format);
  if (timestamp === undefined || (rest !== "" && !isTolerated(rest, format))) return undefined;
  return { name, labels, value, timestamp };
}

function isTolerated(text: string, format: ExpositionFormat): boolean {
  return format === "openmetrics" && text.startsWith("#") && isExemplar(text);
}
