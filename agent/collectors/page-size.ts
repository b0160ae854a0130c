import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import { arch } from "node:process";

/** https://man7.org/linux/man-pages/man3/getauxval.3.html */
const AT_PAGESZ = 6;

/** A kernel for 32-bit programs hands them words of four bytes. */
const WORD = ["arm", "ia32", "mips", "mipsel"].includes(arch) ? 4 : 8;

/** The page size in `/proc/<pid>/auxv`, pairs of words; NaN if it is not there. */
export function parsePageSize(auxv: Uint8Array): number {
  const bytes = Buffer.from(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  const word = (at: number): number => {
    if (WORD === 4) return endianness() === "LE" ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    return Number(endianness() === "LE" ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  };
  for (let at = 0; at + 2 * WORD <= bytes.length; at += 2 * WORD) {
    if (word(at) === AT_PAGESZ) return word(at + WORD);
  }
  return Number.NaN;
}

/** How many bytes a page of this kernel has: it tells each program; NaN if it can't be read. */
export function readPageSize(procRoot: string): number {
  try {
    return parsePageSize(readFileSync(join(procRoot, "self", "auxv")));
  } catch {
    return Number.NaN;
  }
}
