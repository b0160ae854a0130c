import { readFileSync } from "node:fs";

/** Left for sockets, directories, libraries and for files that are read once. */
const RESERVE = 256;

/** Of a small limit this part may be used. */
const PART = 0.7;

/** How many descriptors the text of `/proc/self/limits` allows; Infinity without a limit. */
export function parseDescriptorLimit(text: string): number {
  const limit = /^Max open files\s+(\d+)\s/m.exec(text)?.[1];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

/** How many files may be kept open under a limit on descriptors. */
export function filesToKeep(limit: number): number {
  return Math.floor(Math.min(limit - RESERVE, limit * PART));
}

/** The limit of this process. Node.js raises it to what the system allows. */
export function readDescriptorLimit(): number {
  try {
    return parseDescriptorLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
