import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";

import { codeOf } from "../../../lib/errors.ts";

/** A file that is there and can't be used; the reason is a word for counting. */
export class UnusableFile extends Error {
  readonly reason: string;

  constructor(reason: string, path: string, cause?: unknown) {
    super(`cannot use ${path}: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** What to read, and how. */
export interface FileToWatch<T> {
  /** An engine's folder; it may be a link itself, nothing below it may. */
  readonly root: string;
  /** From there. */
  readonly path: string;
  readonly mostBytes: number;
  /** Throws if the text is not what it should be. */
  readonly parse: (text: string) => T;
}

/** A file of somebody else's that is read again only if it has changed. */
export class WatchedFile<T> {
  readonly #file: FileToWatch<T>;
  #signature = "";
  #value: T | undefined;
  #failure = "";

  constructor(file: FileToWatch<T>) {
    this.#file = file;
  }

  /**
   * Its content as it is now; undefined if it is not there or can't be used.
   * @param fail called once for each state in which it can't be used
   */
  async read(fail: (error: UnusableFile) => void): Promise<T | undefined> {
    try {
      await this.#readChanged();
      this.#failure = "";
      return this.#value;
    } catch (error) {
      const known = asUnusable(error, this.#file.path);
      if (known.reason === "enoent") {
        this.#signature = "";
        this.#value = undefined;
        return undefined;
      }
      const failure = `${known.reason} ${this.#signature}`;
      this.#value = undefined;
      if (failure !== this.#failure) fail(known);
      this.#failure = failure;
      return undefined;
    }
  }

  async #readChanged(): Promise<void> {
    const { root, path, mostBytes, parse } = this.#file;
    const expected = join(await realpath(root), path);
    // Not waiting for whoever might write to it, should somebody have put a pipe there.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(expected, flags);
    try {
      await checkPlace(handle, expected);
      const { ino, size, mtimeMs, ctimeMs } = await handle.stat();
      const signature = [ino, size, mtimeMs, ctimeMs].join();
      if (signature === this.#signature) return;
      this.#signature = signature;
      this.#value = undefined;
      if (size > mostBytes) throw new UnusableFile("too_large", path);
      this.#value = parse(await readText(handle, size));
    } finally {
      await handle.close();
    }
  }
}

/** What was opened must stand where it was sought: a link on the way could lead anywhere. */
async function checkPlace(handle: FileHandle, expected: string): Promise<void> {
  if (!(await handle.stat()).isFile()) throw new UnusableFile("no_file", expected);
  const place = await readlink(`/proc/self/fd/${handle.fd}`);
  // Replaced since it was opened: the new one is read the next time.
  if (place === `${expected} (deleted)`) throw new UnusableFile("enoent", expected);
  if (place !== expected) throw new UnusableFile("link", expected);
}

/** No more than it had when it was looked at: one that grows is read again, as it has changed. */
async function readText(handle: FileHandle, size: number): Promise<string> {
  const buffer = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    // One after the other: a read may give less than was asked for.
    // oxlint-disable-next-line no-await-in-loop
    const { bytesRead } = await handle.read(buffer, length, size - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.toString("utf8", 0, length);
}

function asUnusable(error: unknown, path: string): UnusableFile {
  if (error instanceof UnusableFile) return error;
  const code = codeOf(error);
  if (code === "ENOTDIR") return new UnusableFile("enoent", path, error);
  if (code === "ELOOP") return new UnusableFile("link", path, error);
  return new UnusableFile(code?.toLowerCase() ?? "malformed", path, error);
}
