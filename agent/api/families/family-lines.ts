import { encodeValue } from "../../../wire/exposition/encode.ts";
import type { Page } from "../../../wire/exposition/page.ts";

const FIRST_LINES = 64;

/** How far ahead a line is looked for: containers that have gone leave theirs behind. */
const LOOK_AHEAD = 64;

/** The lines of one family on one page: whose they are, their values, and where they stand. */
class Lines {
  count = 0;
  readonly owners: string[] = [];
  readonly labels: string[] = [];
  values: Float64Array = new Float64Array(FIRST_LINES);
  starts: Uint32Array = new Uint32Array(FIRST_LINES);
  valueStarts: Uint32Array = new Uint32Array(FIRST_LINES);
  end = 0;

  add(owner: string, labels: string, value: number, start: number, valueStart: number): void {
    if (this.count === this.values.length) this.#grow();
    this.owners[this.count] = owner;
    this.labels[this.count] = labels;
    this.values[this.count] = value;
    this.starts[this.count] = start;
    this.valueStarts[this.count] = valueStart;
    this.count++;
  }

  /** The page has no more of the family: what is left of a longer one before is let go. */
  close(end: number): void {
    this.end = end;
    if (this.owners.length === this.count) return;
    this.owners.length = this.labels.length = this.count;
  }

  /** Where the line behind this one begins. */
  endOf(line: number): number {
    return line + 1 < this.count ? (this.starts[line + 1] ?? 0) : this.end;
  }

  is(line: number, owner: string, labels: string): boolean {
    return line < this.count && this.owners[line] === owner && this.labels[line] === labels;
  }

  /** The line of an owner and labels at `from` or a little behind; -1 if it is not there. */
  find(from: number, owner: string, labels: string): number {
    const last = Math.min(from + LOOK_AHEAD, this.count);
    for (let line = from; line < last; line++) if (this.is(line, owner, labels)) return line;
    return -1;
  }

  #grow(): void {
    const { values, starts, valueStarts } = this;
    this.values = new Float64Array(this.count * 2);
    this.values.set(values);
    this.starts = new Uint32Array(this.count * 2);
    this.starts.set(starts);
    this.valueStarts = new Uint32Array(this.count * 2);
    this.valueStarts.set(valueStarts);
  }
}

/**
 * Writes the lines of one family, and remembers them: on the next page a line whose value is the
 * same is copied as it stands, together with its neighbours, and of another only the value is
 * written anew. Most containers stand still most of the time, and labels change hardly ever.
 */
export class FamilyLines {
  readonly #name: string;
  #page: Page | undefined;
  #before: Lines = new Lines();
  #now: Lines = new Lines();
  #bytesBefore: Buffer = Buffer.alloc(0);
  /** The line of the page before that probably comes next. */
  #next = 0;
  /** Bytes of the page before that are to be copied. */
  #copyFrom = 0;
  #copyTo = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Begins a page. */
  begin(page: Page): void {
    this.#page = page;
    this.#next = 0;
    this.#now.count = 0;
    this.#copyFrom = this.#copyTo = 0;
  }

  /**
   * Adds a line.
   * @param owner labels of the container
   * @param labels those that follow
   * @param value not NaN
   * @param text the value as it is written, if it must be written anew whatever it was
   */
  add(owner: string, labels: string, value: number, text?: string): void {
    const before = this.#before;
    const line = before.is(this.#next, owner, labels)
      ? this.#next
      : before.find(this.#next, owner, labels);
    if (line === -1) {
      this.#flush();
      this.#write(owner, labels, value, text);
      return;
    }
    this.#next = line + 1;
    if (text === undefined && before.values[line] === value) this.#keep(line, owner, labels, value);
    else this.#change(line, owner, labels, value, text);
  }

  /** Ends the family's part of the page. */
  end(): void {
    this.#flush();
    this.#now.close(this.#page?.length ?? 0);
  }

  /** The page is complete, in these bytes: the next one may copy from them. */
  keep(bytes: Buffer): void {
    this.#bytesBefore = bytes;
    [this.#before, this.#now] = [this.#now, this.#before];
    this.#page = undefined;
  }

  #keep(line: number, owner: string, labels: string, value: number): void {
    const from = this.#before.starts[line] ?? 0;
    if (from !== this.#copyTo || this.#copyFrom === this.#copyTo) {
      this.#flush();
      this.#copyFrom = from;
    }
    this.#copyTo = this.#before.endOf(line);
    const start = (this.#page?.length ?? 0) + from - this.#copyFrom;
    const valueStart = start + (this.#before.valueStarts[line] ?? 0) - from;
    this.#now.add(owner, labels, value, start, valueStart);
  }

  #change(line: number, owner: string, labels: string, value: number, text?: string): void {
    this.#flush();
    const page = this.#page;
    if (page === undefined) return;
    const start = page.length;
    page.copy(
      this.#bytesBefore,
      this.#before.starts[line] ?? 0,
      this.#before.valueStarts[line] ?? 0,
    );
    this.#now.add(owner, labels, value, start, page.length);
    page.writeAscii(text ?? `${encodeValue(value)}\n`);
  }

  #write(owner: string, labels: string, value: number, text?: string): void {
    const page = this.#page;
    if (page === undefined) return;
    const start = page.length;
    page.write(`${this.#name}{${labels === "" ? owner : `${owner},${labels}`}} `);
    this.#now.add(owner, labels, value, start, page.length);
    page.writeAscii(text ?? `${encodeValue(value)}\n`);
  }

  #flush(): void {
    if (this.#copyFrom !== this.#copyTo) {
      this.#page?.copy(this.#bytesBefore, this.#copyFrom, this.#copyTo);
    }
    this.#copyFrom = this.#copyTo = 0;
  }
}
