/** A key that was pressed: one with a name, or a character that was typed. */
export type Key = { readonly name: KeyName } | { readonly text: string };

/** The keys that have names. */
export type KeyName =
  | "up"
  | "down"
  | "left"
  | "right"
  | "page_up"
  | "page_down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "backspace"
  | "clear"
  | "redraw"
  | "suspend"
  | "interrupt";

const ESCAPE = "\u001B";

/** What follows ESC [ or ESC O, as xterm, tmux, screen and the Linux console send it. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  M: "enter",
  "1~": "home",
  "4~": "end",
  "5~": "page_up",
  "6~": "page_down",
  "7~": "home",
  "8~": "end",
};

const CONTROLS: Readonly<Record<string, KeyName>> = {
  "\u0003": "interrupt",
  "\u0004": "page_down",
  "\u0008": "backspace",
  "\u007F": "backspace",
  "\n": "enter",
  "\r": "enter",
  "\u000C": "redraw",
  "\u000E": "down",
  "\u0010": "up",
  "\u0015": "clear",
  "\u001A": "suspend",
};

/** ECMA-48: parameters, intermediates, one final byte; SS3 has the final byte alone. */
// oxlint-disable-next-line no-control-regex
const WHOLE = /^\u001B(?:\[([0-?]*[ -/]*[@-~])|O([ -~]))/u;
// oxlint-disable-next-line no-control-regex
const BEGUN = /^\u001B(?:\[[0-?]*[ -/]*|O)?$/u;

/** A sequence that goes on for longer is none. */
const LONGEST = 32;

/** Finds out which keys were pressed; what comes in pieces is put together. */
export class KeyReader {
  #rest = "";

  /** Whether the beginning of a sequence waits for what follows: it may be the key Escape alone. */
  get isWaiting(): boolean {
    return this.#rest !== "";
  }

  /** Takes what was typed, in whatever pieces. */
  push(text: string): Key[] {
    this.#rest += text;
    const keys: Key[] = [];
    while (this.#rest !== "") {
      const begun = BEGUN.test(this.#rest) && this.#rest.length <= LONGEST;
      if (begun) break;
      const key = this.#next();
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  /** Nothing has followed for a while: what waits was pressed as it is. */
  flush(): Key[] {
    const isEscape = this.#rest === ESCAPE;
    this.#rest = "";
    return isEscape ? [{ name: "escape" }] : [];
  }

  /** Takes the next key off; undefined for what means nothing here. */
  #next(): Key | undefined {
    const sequence = WHOLE.exec(this.#rest);
    if (sequence !== null) {
      this.#rest = this.#rest.slice(sequence[0].length);
      return namedKey(SEQUENCES, sequence[1] ?? sequence[2] ?? "");
    }
    const [character = ""] = this.#rest;
    this.#rest = this.#rest.slice(character.length);
    if (character === ESCAPE) return { name: "escape" };
    if (!/\p{Cc}/u.test(character)) return { text: character };
    return namedKey(CONTROLS, character);
  }
}

function namedKey(names: Readonly<Record<string, KeyName>>, word: string): Key | undefined {
  const name = Object.hasOwn(names, word) ? names[word] : undefined;
  return name === undefined ? undefined : { name };
}
