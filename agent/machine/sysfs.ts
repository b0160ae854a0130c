import { readdirSync, readFileSync } from "node:fs";

/** A file's text without the white space around it; empty where it can't be read. */
export function readText(path: string): string {
  try {
    // Strings of a device tree end with a zero byte.
    return readFileSync(path, "utf8").replaceAll("\0", "").trim();
  } catch {
    return "";
  }
}

/** The first of some files that says anything; empty if none does. */
export function readFirst(paths: readonly string[]): string {
  for (const path of paths) {
    const text = readText(path);
    if (text !== "") return text;
  }
  return "";
}

/** A file of one whole number, which may be negative; undefined where there is none. */
export function readNumber(path: string): number | undefined {
  const text = readText(path);
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The names in a directory, in the order of the alphabet; none where it can't be read. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

/** The numbers of what is called `cpu0`, `cpu1`, … in a directory, ascending. */
export function numbersIn(directory: string, prefix: string): number[] {
  return namesIn(directory)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .toSorted((a, b) => a - b);
}
