import type { Text } from "../../../agent/cgroup/parse.ts";

/** Numbers as no kernel writes them, and others that are just within what it may. */
const ODD_WORDS: readonly Buffer[] = [
  "1234567890123456789012345",
  "99999999999999999999999999999999999999999999999999",
  "18446744073709551615",
  "9007199254740993",
  "123456789012345678",
  "-5",
  "-1",
  "+7",
  "0x1f",
  "1e9",
  "1.5",
  "007",
  "0",
  "max",
  "NaN",
  "Infinity",
  "",
  " ",
  "  ",
  "\t",
  "\n",
  "\n\n",
  "\r\n",
  "\0",
  "=",
  ":",
  ",",
  "__proto__",
  "\u00a0",
  "７",
].map((word) => Buffer.from(word));

const NEWLINE = 10;
const ZERO = 48;
const NINE = 57;

/** One file in so many has a line of a megabyte. */
const LONG_EVERY = 8000;
const LONG = 1024 * 1024;

/** A whole file and where its lines begin. */
interface Recording {
  readonly bytes: Buffer;
  readonly lines: readonly Buffer[];
}

/** Pseudo-random numbers that are the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to and without `sides`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, sides)) >>> 0;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.roll(values.length)]!;
  }
}

/** Splits a recording into its lines, each with its end. */
export function recordingOf(bytes: Buffer): Recording {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from);
    const next = end === -1 ? bytes.length : end + 1;
    lines.push(bytes.subarray(from, next));
    from = next;
  }
  return { bytes, lines };
}

/**
 * Makes broken files out of whole ones. They come in one buffer that is used again and again, with
 * the rest of older files behind their end, as the agent's own buffer has them.
 */
export class Mutator {
  readonly dice: Dice;
  readonly #bytes: Buffer = Buffer.alloc(4 * LONG, "7 7\n");
  #length = 0;
  #made = 0;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  /** A recording with up to three things wrong. */
  next({ bytes, lines }: Recording): Text {
    const { dice } = this;
    const how = dice.roll(16);
    if (how < 6) this.#joinLines(lines, how);
    else this.#length = bytes.copy(this.#bytes);
    for (let left = how < 6 ? dice.roll(2) : dice.roll(3); left >= 0; left--) this.#spoil();
    if (++this.#made % LONG_EVERY === 0) this.#lengthen();
    // Seldom so long that what is behind it matters to nobody: mostly it is the same.
    return { bytes: this.#bytes, length: this.#length };
  }

  /** Puts the lines together with one cut out, doubled, moved, exchanged or cut short, or with CRLF. */
  #joinLines(lines: readonly Buffer[], how: number): void {
    const [one, other] = [this.dice.roll(lines.length), this.dice.roll(lines.length)];
    this.#length = 0;
    for (let index = 0; index < lines.length; index++) {
      const line = lines[how === 2 && index === one ? other : index]!;
      if (how === 0 && index === one) continue;
      if (how === 3 && index === one) this.#add(lines[other]!);
      if (how === 4 && index === other) this.#add(lines[one]!);
      else if (how === 5) this.#add(line.subarray(0, line.length - 1), "\r\n");
      else this.#add(line);
      if (how === 1 && index === one) this.#add(line);
    }
  }

  #add(line: Buffer, end = ""): void {
    this.#length += line.copy(this.#bytes, this.#length);
    this.#length += this.#bytes.write(end, this.#length, "latin1");
  }

  #spoil(): void {
    const { dice } = this;
    const at = dice.roll(this.#length);
    switch (dice.roll(9)) {
      case 0:
        this.#bytes[at] = dice.roll(256);
        break;
      case 1:
        this.#bytes[at]! ^= 1 << dice.roll(8);
        break;
      case 2:
        if (dice.roll(4) === 0) this.#length = dice.roll(3) === 0 ? 0 : at;
        break;
      case 3:
        this.#splice(at, 1 + dice.roll(12), Buffer.alloc(0));
        break;
      case 4:
        this.#splice(at, 0, dice.pick(ODD_WORDS));
        break;
      case 5: {
        // A piece of the file that stands somewhere else.
        const from = dice.roll(this.#length);
        const piece = Buffer.from(this.#bytes.subarray(from, Math.min(from + 20, this.#length)));
        this.#splice(at, dice.roll(20), piece);
        break;
      }
      default:
        this.#replaceNumber(at);
    }
  }

  #replaceNumber(near: number): void {
    const isDigit = (at: number): boolean => {
      const byte = this.#bytes[at]!;
      return byte >= ZERO && byte <= NINE;
    };
    let from = near;
    while (from < this.#length && !isDigit(from)) from++;
    while (from > 0 && isDigit(from - 1)) from--;
    let to = from;
    while (to < this.#length && isDigit(to)) to++;
    this.#splice(from, to - from, this.dice.pick(ODD_WORDS));
  }

  #splice(at: number, remove: number, insert: Buffer): void {
    const from = Math.min(at, this.#length);
    const removed = Math.min(remove, this.#length - from);
    this.#bytes.copyWithin(from + insert.length, from + removed, this.#length);
    insert.copy(this.#bytes, from);
    this.#length += insert.length - removed;
  }

  /** A line of a megabyte: of digits, of blanks, of words. */
  #lengthen(): void {
    const filling = this.dice.pick([
      "7",
      " ",
      "a",
      "1 ",
      "8:0 Read ",
      "a=1 ",
      "\0",
      ":",
      "\\",
      "0-1,",
    ]);
    this.#splice(this.dice.roll(this.#length), 0, Buffer.alloc(LONG, filling));
  }
}
