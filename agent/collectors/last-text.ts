import type { Text } from "../cgroup/parse.ts";

/** What a file said when it was read last, so that nothing need be made of the same again. */
export class LastText {
  #bytes: Uint8Array = new Uint8Array(0);

  get length(): number {
    return this.#bytes.length;
  }

  /** Takes what it says now; whether that is another thing than before. */
  take({ bytes, length }: Text): boolean {
    if (length === this.#bytes.length) {
      let at = 0;
      while (at < length && bytes[at] === this.#bytes[at]) at++;
      if (at === length) return false;
    }
    this.#bytes = bytes.slice(0, length);
    return true;
  }

  /** Takes it that it can't be read; whether that is news. */
  clear(): boolean {
    return this.take({ bytes: this.#bytes, length: 0 });
  }

  /** As a string; what the kernel writes into its files is ASCII. */
  toString(): string {
    return Buffer.from(this.#bytes).toString("latin1");
  }
}
