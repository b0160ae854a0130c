import { printableUrl } from "./printable-url.ts";

/** Stands in for a value that must not be shown; give it to ConfigError in the value's place. */
export const hiddenValue: unique symbol = Symbol("hidden value");

const longestShown = 200;

/**
 * What the operator has to put right: names the setting, the value and what would do, on one line.
 * The program ends with exit code 2.
 */
export class ConfigError extends Error {
  readonly setting: string;

  /** Leave `value` undefined where there is none to show. */
  constructor(setting: string, value: unknown, remedy: string) {
    super(oneLine(`${setting}${shown(value)}: ${remedy}`));
    this.name = "ConfigError";
    this.setting = setting;
  }
}

/** Ends the program early on purpose, after `--help` for example: text for stdout and an exit code. */
export class EarlyExit extends Error {
  readonly text: string;
  readonly code: number;

  constructor(text: string, code: number = 0) {
    super(`exit with code ${code}`);
    this.name = "EarlyExit";
    this.text = text;
    this.code = code;
  }
}

/** Ends in an Error that says that this program, not its user or the world, is wrong. */
export function bug(message: string): never {
  throw new Error(`BUG: ${message}`);
}

/** An error and its causes on one line, outermost first, without saying anything twice. */
export function messageOf(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  // Ten bounds a chain of causes that bites its own tail.
  for (let depth = 0; current !== undefined && depth < 10; depth++) {
    const text = ownMessage(current);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return oneLine(parts.join(": "));
}

/** The code that Node and many others give their errors (`ENOENT`); undefined if there is none. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function ownMessage(error: unknown): string {
  // Node gives a refused connection to a name with two addresses an AggregateError without a text.
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(messageOf).join(", ");
  }
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  return typeof error === "string" ? error : inspect(error);
}

/** A value as JSON, each text in it as `write` gives it. */
function inspect(value: unknown, write: (text: string) => string = String): string {
  const replace = (_key: string, part: unknown): unknown =>
    typeof part === "string" ? write(part) : part;
  try {
    return JSON.stringify(value, replace) ?? String(value);
  } catch {
    return String(value);
  }
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  if (value === hiddenValue) return " (value not shown)";
  let redacted = false;
  const printable = (part: string): string => {
    const safe = printableUrl(part);
    redacted ||= safe !== part;
    return safe;
  };
  const text = inspect(value, printable);
  const short = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
  return ` ${short}${redacted ? " (a part is not shown)" : ""}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/gu, " ");
}
