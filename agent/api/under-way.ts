import type { ServerResponse } from "node:http";

import { HttpError } from "../../lib/http/errors.ts";

/**
 * Bounds the answers that are kept only because somebody still reads them: each is kept once,
 * however many read it, but who reads slowly holds one of another second than the next does.
 */
export class UnderWay {
  readonly #readers: Map<Buffer, number> = new Map();
  readonly #most: number;
  #bytes = 0;

  /** @param most bytes of different answers at a time */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Holds an answer until it has been sent or its reader has gone; throws a 503 if too much is held. */
  hold(body: Buffer, response: ServerResponse): void {
    const readers = this.#readers.get(body) ?? 0;
    if (readers === 0) this.#begin(body);
    this.#readers.set(body, readers + 1);
    response.once("close", () => this.#release(body));
  }

  #begin(body: Buffer): void {
    // What nobody holds fits in any case, so that a single large answer is no matter.
    if (this.#bytes > 0 && this.#bytes + body.length > this.#most) {
      throw new HttpError(503, "too many answers wait for slow readers; ask again in a second");
    }
    this.#bytes += body.length;
  }

  #release(body: Buffer): void {
    const readers = (this.#readers.get(body) ?? 1) - 1;
    if (readers > 0) {
      this.#readers.set(body, readers);
      return;
    }
    this.#readers.delete(body);
    this.#bytes -= body.length;
  }
}
