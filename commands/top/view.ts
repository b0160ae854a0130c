import type { Part } from "../../lib/lifecycle.ts";
import type { Server } from "./ask.ts";
import type { Key } from "./keys.ts";
import { layout } from "./layout.ts";
import { encodeLine } from "./line.ts";
import type { Choice } from "./listing.ts";
import { type Action, reduce } from "./reduce.ts";
import { Screen } from "./screen.ts";
import { Source } from "./source.ts";
import { firstState, type State } from "./state.ts";
import { type Streams, Terminal } from "./terminal.ts";

/** What a view is drawn on. */
export interface ViewOptions {
  readonly streams: Streams;
  /** Milliseconds between two drawings of what has come. */
  readonly intervalMs: number;
  readonly isAscii: boolean;
  readonly hasColours: boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told when it has ended, whoever wanted that. */
  readonly closed: () => void;
}

/** A screen with what happens on a server, and somebody before it who presses keys. */
export class View implements Part {
  readonly #options: ViewOptions;
  readonly #terminal: Terminal;
  readonly #screen: Screen;
  readonly #source: Source;
  #state: State;
  #timer: NodeJS.Timeout | undefined;
  /** When what has come was drawn last, by a clock that only goes forward. */
  #drawnAt = Number.NEGATIVE_INFINITY;
  /** The terminal takes nothing at the moment; what is new is drawn when it does again. */
  #isFull = false;
  #isOver = false;

  constructor(server: Server, choice: Choice, options: ViewOptions) {
    const { streams, intervalMs, now } = options;
    this.#options = options;
    this.#screen = new Screen(streams.stdout);
    this.#terminal = new Terminal(streams, {
      press: (key) => this.#press(key),
      resize: (size) => {
        this.#screen.forget();
        this.#apply({ kind: "size", size });
      },
      back: () => this.#redraw(),
      gone: () => this.close(),
    });
    this.#source = new Source({ server, intervalMs, now, take: (action) => this.#apply(action) });
    this.#state = firstState(server.url, choice, this.#terminal.size, options.isAscii);
  }

  /** Takes over the terminal. */
  open(): void {
    this.#terminal.open();
    this.#options.streams.stdout.on("drain", this.#drained);
    this.#draw();
    this.#source.open();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#source.close();
    this.#options.streams.stdout.off("drain", this.#drained);
    this.#terminal.close();
    this.#options.closed();
  }

  #press(key: Key): void {
    if ("name" in key && key.name === "suspend") this.#terminal.suspend();
    else if ("name" in key && key.name === "redraw") this.#redraw();
    else this.#apply({ kind: "key", key });
  }

  #apply(action: Action): void {
    if (this.#isOver) return;
    const before = this.#state;
    this.#state = reduce(before, action);
    if (this.#state.isOver) {
      this.close();
      return;
    }
    const { detail } = this.#state;
    if (detail !== undefined && detail.row.key !== before.detail?.row.key) {
      void this.#source.lookAt(detail.row);
    }
    this.#drawSoon(action.kind === "key" || action.kind === "size" ? 0 : this.#options.intervalMs);
  }

  /** At once after a key; what comes by itself is drawn once in a while, the first time at once too. */
  #drawSoon(pauseMs: number): void {
    const dueMs = Math.max(0, this.#drawnAt + pauseMs - performance.now());
    if (this.#timer !== undefined && dueMs > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, dueMs);
  }

  #draw(): void {
    if (this.#isOver || this.#isFull) return;
    this.#drawnAt = performance.now();
    const lines = layout(this.#state).map((line) => encodeLine(line, this.#options.hasColours));
    this.#isFull = !this.#screen.draw(lines);
  }

  readonly #drained = (): void => {
    this.#isFull = false;
    this.#drawSoon(0);
  };

  #redraw(): void {
    this.#screen.forget();
    this.#draw();
  }
}
