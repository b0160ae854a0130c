import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { it } from "vitest";

import type { Text } from "../../../agent/cgroup/parse.ts";
import { Mutator, recordingOf } from "./mutate.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);

/** Another seed finds other mistakes; whoever wants more of them gives one. */
const SEED = Number(process.env["PLIMSOLL_FUZZ_SEED"] ?? 20_261_121);

/** How long these tests may take on a slow machine. */
const TIMEOUT_MS = 120_000;

/** A file that was recorded from a real kernel. */
export function recorded(path: string): Buffer {
  return readFileSync(fileURLToPath(new URL(path, FIXTURES)));
}

/** What a file says, each byte one character. */
export function textOf({ bytes, length }: Text): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
}

/** Its whole lines: what stands behind the last end of line has been cut. */
export function wholeLines(file: Text): string[] {
  return textOf(file).split("\n").slice(0, -1);
}

/** A number as kernels write them: digits, no more than 64 bits need. */
export const NUMBER: string = String.raw`(\d{1,20})`;

/** What may be read for each key: the numbers of every whole line that has it. */
export class Allowed {
  readonly #values: Map<string, number[]> = new Map();

  add(key: string, value: number): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, [value]);
    else known.push(value);
  }

  /** How many numbers have been looked at. */
  static looked = 0;

  /** A complaint if a value is there that no whole line has. NaN and undefined are absent. */
  complaint(key: string, value: number | undefined): string | undefined {
    if (value === undefined || Number.isNaN(value)) return undefined;
    Allowed.looked++;
    if (this.#values.get(key)?.includes(value) === true) return undefined;
    const allowed = this.#values.get(key)?.join(" or ") ?? "absent";
    return `${key} is ${value}, but must be ${allowed}`;
  }
}

/** What a parser made of a file: undefined if that is right, else what is wrong. */
export type Check = (file: Text) => string | undefined;

/**
 * A test that a parser neither throws nor makes a wrong number of so many broken files. What fails
 * is told with the seed and the file.
 */
export function itSurvives(
  name: string,
  original: Buffer | string,
  files: number,
  check: Check,
): void {
  it(`${name}: ${files} broken files`, { timeout: TIMEOUT_MS }, () => {
    const recording = recordingOf(Buffer.from(original));
    const mutator = new Mutator(SEED);
    const before = Allowed.looked;
    expectNothing(
      check,
      { bytes: recording.bytes, length: recording.bytes.length },
      "the whole file",
    );
    if (Allowed.looked === before) throw new Error("the whole file holds no number");
    for (let index = 0; index < files; index++) {
      expectNothing(check, mutator.next(recording), `seed ${SEED}, file ${index}`);
    }
  });
}

function expectNothing(check: Check, file: Text, which: string): void {
  let complaint: string | undefined;
  let cause: unknown;
  try {
    complaint = check(file);
  } catch (error) {
    cause = error;
    complaint = `it throws ${String(error)}`;
  }
  if (complaint === undefined) return;
  const text = JSON.stringify(textOf(file).slice(0, 3000));
  throw new Error(`${which}: ${complaint.slice(0, 1000)}\n${text}`, { cause });
}
