import { mkdir, stat } from "node:fs/promises";

import { claim, type Release } from "./exclusive.ts";

/**
 * Makes a folder and takes it for this program alone, until it is released or the program ends.
 * Throws if that can't be.
 * @param what it is for: `events`
 */
export async function ownFolder(directory: string, what: string): Promise<Release> {
  await mkdir(directory, { recursive: true });
  const { dev, ino } = await stat(directory);
  const release = await claim(`${what} ${dev} ${ino}`);
  if (release === undefined) throw new Error(`another program keeps its ${what} there`);
  return release;
}
