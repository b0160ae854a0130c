import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** A place in a queue: everything before it is done with. */
export interface Place {
  /** Number of the file. */
  readonly segment: number;
  /** Bytes from its beginning. */
  readonly offset: number;
}

const SLOT_BYTES = 32;

/**
 * Remembers up to where a queue has been sent, in two slots that are written in turn. So there is a
 * whole one whatever ends the program or the machine, and a full disk does not matter: the slots'
 * bytes are there already.
 */
export class SentPlace {
  readonly #file: FileHandle;
  #turn: number;

  /** Opens or makes the file; answers the place that it holds, the very beginning if none. */
  static async open(path: string): Promise<{ readonly file: SentPlace; readonly place: Place }> {
    const file = await open(path, "a").then(async (made) => {
      await made.close();
      return open(path, "r+");
    });
    const bytes = Buffer.alloc(2 * SLOT_BYTES);
    await file.read(bytes, 0, bytes.length, 0);
    const slots = [0, 1].map((slot) => decode(bytes.subarray(slot * SLOT_BYTES)));
    const newest = slots
      .filter((slot) => slot !== undefined)
      .toSorted((a, b) => b.turn - a.turn)[0];
    const { turn, place } = newest ?? { turn: 0, place: { segment: 0, offset: 0 } };
    // So that the bytes are there when the disk is full.
    if (newest === undefined) await file.write(bytes, 0, bytes.length, 0);
    return { file: new SentPlace(file, turn), place };
  }

  private constructor(file: FileHandle, turn: number) {
    this.#file = file;
    this.#turn = turn;
  }

  async write(place: Place): Promise<void> {
    this.#turn++;
    const at = (this.#turn % 2) * SLOT_BYTES;
    await this.#file.write(encode(this.#turn, place), 0, SLOT_BYTES, at);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function encode(turn: number, { segment, offset }: Place): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeDoubleLE(turn, 8);
  bytes.writeDoubleLE(segment, 16);
  bytes.writeDoubleLE(offset, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function decode(bytes: Buffer): { readonly turn: number; readonly place: Place } | undefined {
  if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4, SLOT_BYTES))) return undefined;
  const [turn, segment, offset] = [8, 16, 24].map((at) => bytes.readDoubleLE(at));
  // All zeros have the checksum of zeros only by accident, but a turn begins at one.
  if (turn === undefined || segment === undefined || offset === undefined || turn < 1) {
    return undefined;
  }
  return { turn, place: { segment, offset } };
}
