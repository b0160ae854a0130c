import { closeSync, constants, existsSync, openSync, readlinkSync, readSync } from "node:fs";

import { codeOf } from "../../lib/errors.ts";

/** Nothing that is looked at here is longer, but for the mounts of a very busy host. */
const LARGEST = 1024 * 1024;

/** What a file says, or the code of the error that kept it from us (`ENOENT`). */
export type Reading = { readonly text: string } | { readonly error: string };

/** Reads the beginning of a file; never waits for one that has nothing to say. */
export function readHost(path: string): Reading {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return { text: readAll(descriptor) };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { error: codeOf(error) ?? "EIO" };
  }
}

/** The code of the error if a file can't be opened or its first piece not be read; undefined if it can. */
export function denialOf(path: string): string | undefined {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(descriptor, Buffer.alloc(8192));
    } finally {
      closeSync(descriptor);
    }
    return undefined;
  } catch (error) {
    return codeOf(error) ?? "EIO";
  }
}

function readAll(descriptor: number): string {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < LARGEST) {
    const piece = Buffer.alloc(64 * 1024);
    const more = readSync(descriptor, piece);
    if (more === 0) break;
    pieces.push(piece.subarray(0, more));
    length += more;
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** What a file says; nothing if it can't be read. */
export function textAt(path: string): string {
  const reading = readHost(path);
  return "text" in reading ? reading.text : "";
}

/** The words of a file; undefined if it can't be read. */
export function wordsAt(path: string): string[] | undefined {
  const reading = readHost(path);
  if ("error" in reading) return undefined;
  return reading.text.split(/\s+/).filter((word) => word !== "");
}

/** What a link such as `/proc/1/ns/net` says; undefined if it can't be read. */
export function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether something is there, as far as we may see. */
export function isThere(path: string): boolean {
  return existsSync(path);
}
