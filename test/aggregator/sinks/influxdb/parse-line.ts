/** A line as the server understands it. */
export interface Parsed {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string | number>>;
  /** Nanoseconds. */
  readonly time: bigint;
}

/**
 * Takes lines apart by the rules of InfluxDB 1 (models/points.go): outside of texts a comma, a blank
 * or an equals sign counts unless a backslash stands just before it, whatever stands before that.
 */
export function parseLines(text: string): Parsed[] {
  const parsed: Parsed[] = [];
  for (let rest = text; rest !== "";) {
    // Quotes mean something only behind the tags.
    const [key = ""] = splitAt(rest, " ", false);
    const [end = ""] = splitAt(rest.slice(key.length + 1), "\n", true);
    parsed.push(parseLine(key, end));
    rest = rest.slice(key.length + end.length + 2);
  }
  return parsed;
}

function parseLine(key: string, end: string): Parsed {
  const [fieldsText = "", time = "", ...rest] = splitAt(end, " ", true);
  if (rest.length > 0) throw new Error(`too many parts: ${end}`);
  const [measurement = "", ...tagTexts] = splitAt(key, ",", false);
  const fields = splitAt(fieldsText, ",", true).map((pair) => {
    const [name = "", value = ""] = splitAt(pair, "=", true);
    return [plain(name), valueOf(value)] as const;
  });
  return {
    measurement: plain(measurement),
    tags: Object.fromEntries(tagTexts.map(parseTag)),
    fields: Object.fromEntries(fields),
    time: BigInt(time),
  };
}

function parseTag(text: string): [string, string] {
  const [key, value, ...rest] = splitAt(text, "=", false);
  if (!key || !value || rest.length > 0) throw new Error(`invalid tag format: ${text}`);
  return [plain(key), plain(value)];
}

function valueOf(text: string): string | number {
  if (text.startsWith('"')) return text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
  if (!/^-?\d+i$|^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text.replace(/i$/, ""));
}

function plain(text: string): string {
  return text.replaceAll(/\\([,= ])/g, "$1");
}

/** Parts between a character that has no backslash before it; with `quotes`, also not within a text. */
function splitAt(text: string, separator: string, quotes: boolean): string[] {
  const parts: string[] = [];
  let [start, isQuoted] = [0, false];
  for (let index = 0; index < text.length; index++) {
    if (quotes && isQuoted && text[index] === "\\") {
      index++;
      continue;
    }
    if (quotes && text[index] === '"' && (isQuoted || text[index - 1] === "="))
      isQuoted = !isQuoted;
    if (isQuoted || text[index] !== separator || text[index - 1] === "\\") continue;
    parts.push(text.slice(start, index));
    start = index + 1;
  }
  return [...parts, text.slice(start)];
}
