import { ConfigError, EarlyExit, messageOf } from "./errors.ts";
import type { Logger } from "./log.ts";

/** Something that was started and must be closed: a server, a file, a timer. */
export interface Part {
  close(): Promise<void> | void;
}

/** How long closing may take in all, in milliseconds. */
const defaultBudgetMs = 4500;
/** What a part gets at least, however long those before it hung. */
const leastMs = 100;

interface NamedPart {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

/** What a program has started, in order; closes it in reverse. */
export class Parts {
  readonly #started: NamedPart[] = [];
  readonly #budgetMs: number;

  /** `budgetMs` bounds the whole of close(); the default keeps the promise to end within 5 s. */
  constructor(options: { readonly budgetMs?: number } = {}) {
    this.#budgetMs = options.budgetMs ?? defaultBudgetMs;
  }

  /** Takes charge of closing a part, and gives it back. */
  use<T extends Part>(name: string, part: T): T {
    this.defer(name, () => part.close());
    return part;
  }

  /** Takes charge of calling a function at the end. */
  defer(name: string, close: () => Promise<void> | void): void {
    this.#started.push({ name, close });
  }

  /** Closes every part once, last started first. A part that fails or hangs is logged and left. */
  async close(logger?: Logger): Promise<void> {
    const deadline = performance.now() + this.#budgetMs;
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      const reserved = leastMs * this.#started.length;
      const allowedMs = Math.max(deadline - performance.now() - reserved, leastMs);
      // One after the other: a part may still need those that were started before it.
      // oxlint-disable-next-line no-await-in-loop
      await closeWithin(part, allowedMs, logger);
    }
  }
}

async function closeWithin(part: NamedPart, allowedMs: number, logger?: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, allowedMs, "late");
  });
  try {
    const outcome = await Promise.race([late, Promise.resolve(part.close())]);
    if (outcome === "late") logger?.error({ part: part.name }, "a part hangs and is left behind");
  } catch (error) {
    logger?.error({ part: part.name, err: error }, "cannot close a part");
  } finally {
    clearTimeout(timer);
  }
}

/** Where a program asks to be told of signals. */
export interface Signals {
  /** Adds what SIGHUP calls; what it throws is logged and changes nothing else. */
  onReload(listener: () => Promise<void> | void): void;
}

/** Builds the program's parts and gives back its logger. */
export type Start = (parts: Parts, signals: Signals) => Promise<Logger>;

/**
 * Runs a program from its start to its end by a signal. Exit codes: 0 after SIGTERM, SIGINT or an
 * EarlyExit, 1 for what went wrong, 2 for a ConfigError. Each error of the start is one line on stderr.
 */
export async function run(start: Start): Promise<void> {
  const program = new Program();
  program.listen();
  await program.start(start);
}

class Program {
  readonly #parts = new Parts();
  readonly #reloads: (() => Promise<void> | void)[] = [];
  #logger: Logger | undefined;
  #ending = false;
  #reloading = false;
  #reloadAgain = false;

  listen(): void {
    process.on("SIGTERM", () => void this.#signal("SIGTERM"));
    process.on("SIGINT", () => void this.#signal("SIGINT"));
    process.on("SIGHUP", () => void this.#reload());
    process.on("uncaughtException", (error) => void this.#crash("an error nobody caught", error));
    process.on(
      "unhandledRejection",
      (error) => void this.#crash("a rejection nobody caught", error),
    );
    process.once("beforeExit", () => void this.#end(Number(process.exitCode ?? 0)));
    // A reader that goes away, as `| head` does, ends the program without a complaint.
    process.stdout.on("error", () => void this.#end(0));
    process.stderr.on("error", () => undefined);
  }

  async start(start: Start): Promise<void> {
    try {
      this.#logger = await start(this.#parts, {
        onReload: (listener) => void this.#reloads.push(listener),
      });
    } catch (error) {
      if (this.#ending) return;
      if (error instanceof EarlyExit) {
        await print(process.stdout, error.text);
        await this.#end(error.code);
      } else {
        await print(process.stderr, `plimsoll: ${messageOf(error)}`);
        await this.#end(error instanceof ConfigError ? 2 : 1);
      }
    }
  }

  async #signal(name: string): Promise<void> {
    // Who asks twice does not want to wait.
    if (this.#ending) process.exit(1);
    this.#logger?.info({ signal: name }, "stopping");
    await this.#end(0);
  }

  async #crash(what: string, error: unknown): Promise<void> {
    if (this.#logger) this.#logger.fatal({ err: error }, what);
    else await print(process.stderr, `plimsoll: ${what}: ${messageOf(error)}`);
    await this.#end(1);
  }

  async #end(code: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    await this.#parts.close(this.#logger);
    process.exit(code);
  }

  async #reload(): Promise<void> {
    if (this.#ending) return;
    if (this.#reloading) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloading = true;
    do {
      this.#reloadAgain = false;
      // One after the other, in the order in which they asked.
      // oxlint-disable-next-line no-await-in-loop
      for (const listener of this.#reloads) await this.#callReload(listener);
    } while (this.#reloadAgain);
    this.#reloading = false;
  }

  async #callReload(listener: () => Promise<void> | void): Promise<void> {
    try {
      await listener();
    } catch (error) {
      this.#logger?.error({ err: error }, "cannot reload; what was in force stays");
    }
  }
}

async function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write(text.endsWith("\n") ? text : `${text}\n`, () => resolve());
  });
}
