import process from "node:process";
import { StringDecoder } from "node:string_decoder";

import type { Part } from "../../lib/lifecycle.ts";
import { type Key, KeyReader } from "./keys.ts";
import type { Size } from "./state.ts";

/** What a person sits at. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/** Told what happens at a terminal. */
export interface Listener {
  readonly press: (key: Key) => void;
  readonly resize: (size: Size) => void;
  /** It was left and is back: nothing of ours stands on it. */
  readonly back: () => void;
  /** Nobody sits there any more. */
  readonly gone: () => void;
}

/** The other screen, without a cursor and without wrapping; xterm's and DEC's private modes. */
const ENTER = "\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[0m\u001B[2J";
const LEAVE = "\u001B[0m\u001B[?7h\u001B[?25h\u001B[?1049l";

/** A sequence that a key sends comes at once; what waits for longer is the key Escape. */
const ESCAPE_MS = 60;

/** Where a terminal doesn't tell. */
const USUAL: Size = { columns: 80, rows: 24 };

/**
 * A terminal that we have for ourselves until it is closed: keys come one by one, and what was on it
 * before is there again at the end, however that comes.
 */
export class Terminal implements Part {
  readonly #streams: Streams;
  readonly #listener: Listener;
  readonly #keys = new KeyReader();
  readonly #decoder = new StringDecoder("utf8");
  #timer: NodeJS.Timeout | undefined;
  #isOurs = false;
  #isOver = false;

  constructor(streams: Streams, listener: Listener) {
    this.#streams = streams;
    this.#listener = listener;
  }

  /** How large it is now. */
  get size(): Size {
    const { columns, rows } = this.#streams.stdout;
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  }

  /** Takes it over. */
  open(): void {
    const { stdin, stdout } = this.#streams;
    stdin.on("data", this.#type);
    stdin.on("end", this.#listener.gone);
    stdin.on("error", this.#listener.gone);
    stdout.on("resize", this.#resize);
    process.on("SIGCONT", this.#return);
    // Before the words of an end that nobody had in mind, which otherwise would go with our screen.
    process.on("uncaughtExceptionMonitor", this.#leave);
    process.prependListener("unhandledRejection", this.#leave);
    process.on("exit", this.#leave);
    this.#enter();
  }

  /** Gives it back as it was. */
  close(): void {
    this.#isOver = true;
    const { stdin, stdout } = this.#streams;
    this.#leave();
    clearTimeout(this.#timer);
    stdin.off("data", this.#type);
    stdin.off("end", this.#listener.gone);
    stdin.off("error", this.#listener.gone);
    stdout.off("resize", this.#resize);
    process.off("SIGCONT", this.#return);
    process.off("uncaughtExceptionMonitor", this.#leave);
    process.off("unhandledRejection", this.#leave);
    process.off("exit", this.#leave);
    stdin.pause();
  }

  /** Goes to the background, as Ctrl-Z asks for; comes back by itself. */
  suspend(): void {
    this.#leave();
    // The whole group, as the terminal would do it. Where nobody could wake us we aren't stopped.
    process.kill(0, "SIGTSTP");
    setTimeout(this.#return, 100);
  }

  #enter(): void {
    this.#isOurs = true;
    this.#streams.stdin.setRawMode(true);
    this.#streams.stdin.resume();
    this.#streams.stdout.write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    this.#streams.stdout.write(LEAVE);
    try {
      this.#streams.stdin.setRawMode(false);
    } catch {
      // It is gone, and its modes with it.
    }
  };

  readonly #return = (): void => {
    if (this.#isOver) return;
    this.#enter();
    this.#listener.back();
  };

  readonly #resize = (): void => this.#listener.resize(this.size);

  readonly #type = (bytes: Buffer | string): void => {
    clearTimeout(this.#timer);
    const text = typeof bytes === "string" ? bytes : this.#decoder.write(bytes);
    for (const key of this.#keys.push(text)) this.#listener.press(key);
    if (this.#keys.isWaiting) this.#timer = setTimeout(this.#flush, ESCAPE_MS);
  };

  readonly #flush = (): void => {
    for (const key of this.#keys.flush()) this.#listener.press(key);
  };
}
