const FIRST_SIZE = 64 * 1024;

/** The most bytes that one UTF-16 unit becomes in UTF-8. */
const BYTES_PER_UNIT = 3;

/**
 * A page that is written line by line into one buffer. Tens of thousands of short strings die young
 * that way, instead of being kept together until the page is done.
 */
export class Page {
  #buffer: Buffer;
  #length = 0;

  /** @param size bytes that it will probably have; it grows if there are more */
  constructor(size: number = FIRST_SIZE) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(size, FIRST_SIZE));
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds text at the end. */
  write(text: string): void {
    const most = this.#length + text.length * BYTES_PER_UNIT;
    if (most > this.#buffer.length) this.#grow(most);
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  /** Adds text that has only ASCII characters. */
  writeAscii(text: string): void {
    const end = this.#length + text.length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.write(text, this.#length, "latin1");
    this.#length = end;
  }

  /** Adds a part of another page. */
  copy(source: Buffer, from: number, to: number): void {
    const end = this.#length + to - from;
    if (end > this.#buffer.length) this.#grow(end);
    source.copy(this.#buffer, this.#length, from, to);
    this.#length = end;
  }

  /** Takes back all that was written behind a length. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** All that has been written. Nothing may be added afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(least: number): void {
    const buffer = Buffer.allocUnsafeSlow(Math.max(least, this.#buffer.length * 2));
    this.#buffer.copy(buffer, 0, 0, this.#length);
    this.#buffer = buffer;
  }
}
