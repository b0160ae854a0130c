import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { printableUrl } from "../../lib/printable-url.ts";

/** Which of a discovery's questions fail: one trouble for each name, service or kind of object. */
export class Troubles {
  failures = 0;
  readonly #logger: Logger;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #current: Map<string, string> = new Map();

  /** @param fields what tells the discovery from others in the log */
  constructor(logger: Logger, fields: Readonly<Record<string, string>>) {
    this.#logger = logger;
    this.#fields = fields;
  }

  /** The first of the troubles; undefined if there is none. */
  get message(): string | undefined {
    const [first] = this.#current.values();
    return first;
  }

  /** Counts; logs when all went well before. */
  failed(source: string, error: unknown): void {
    this.failures++;
    const trouble = printableUrl(messageOf(error));
    // What is down fails for everything at once.
    if (this.#current.size === 0) {
      this.#logger.warn({ ...this.#fields, source, trouble }, "cannot find targets");
    }
    this.#current.set(source, trouble);
  }

  succeeded(source: string): void {
    if (!this.#current.delete(source) || this.#current.size > 0) return;
    this.#logger.info(this.#fields, "targets are found again");
  }

  /** The source is not asked any more. */
  forget(source: string): void {
    this.#current.delete(source);
  }
}
