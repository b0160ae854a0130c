import { readFileSync } from "node:fs";

import { isRecord } from "./record.ts";

/** Plimsoll's version, as package.json states it. */
export const version: string = readVersion();

function readVersion(): string {
  // One folder up from the sources, two from dist/lib.
  for (const path of ["../package.json", "../../package.json"]) {
    const text = readIfThere(new URL(path, import.meta.url));
    if (text === undefined) continue;
    const parsed: unknown = JSON.parse(text);
    if (!isRecord(parsed) || parsed["name"] !== "plimsoll") continue;
    if (typeof parsed["version"] === "string") return parsed["version"];
  }
  throw new Error("cannot find Plimsoll's package.json beside its programs");
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
