import { isRecord } from "./record.ts";

// Control characters, line ends and the marks that turn the direction of writing around: what a
// container's name must not be able to do to a terminal or to the next log line.
const dangerous = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const needsQuotes = /[\s"=]|^$/u;

/**
 * One line of pino's JSON as one line of readable text, with its newline; what ends
 * the program shows where it came from, with `stacks` every error does. Pure.
 */
export function textLine(json: string, stacks: boolean): string {
  const fields = parse(json);
  if (fields === undefined) return `${escape(json.trimEnd())}\n`;
  const { time, level, msg, ...rest } = fields;
  const words = [String(time), String(level).padEnd(5), typeof msg === "string" ? escape(msg) : ""];
  const detailed = level === "fatal" || (stacks && level === "error");
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) words.push(`${escape(key)}=${valueText(value, detailed)}`);
  }
  return `${words.join(" ").trimEnd()}\n`;
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function valueText(value: unknown, detailed: boolean): string {
  if (typeof value === "string") return quoted(value);
  if (isSerializedError(value)) {
    const stack = detailed ? framesOf(value.stack) : "";
    return quoted(value.message) + (stack === "" ? "" : ` stack=${quoted(stack)}`);
  }
  return escape(JSON.stringify(value));
}

/** A stack without the message that it begins with. */
function framesOf(stack = ""): string {
  return /^\s+at .*/msu.exec(stack)?.[0].trim() ?? "";
}

function isSerializedError(value: unknown): value is { message: string; stack?: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "message" in value &&
    typeof value.message === "string" &&
    "stack" in value
  );
}

function quoted(text: string): string {
  return needsQuotes.test(text) ? escape(JSON.stringify(text)) : escape(text);
}

function escape(text: string): string {
  return text.replaceAll(dangerous, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
