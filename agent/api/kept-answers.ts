import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type { FastifyReply, FastifyRequest } from "fastify";

import { acceptsGzip } from "../../lib/http/accept.ts";
import { Gate } from "../../lib/http/gate.ts";
import type { Window } from "../window/window.ts";

const compress = promisify(gzip);

/** Fast: somebody waits for it. */
const GZIP_LEVEL = 1;

/** So many different answers are written at a time, so many may wait. */
const PLACES = 2;
const QUEUE = 100;

/** So many different answers are kept of one second. */
const MOST = 32;

/** An answer as bytes. */
export interface Answer {
  readonly contentType: string;
  readonly body: Buffer;
}

interface Kept {
  readonly answer: Promise<Answer>;
  zipped: Promise<Buffer> | undefined;
}

/**
 * Keeps what was answered since the last pass: who asks the same within the second gets the same
 * bytes. However many ask, and however slowly they read, there is one copy of each answer.
 */
export class KeptAnswers {
  readonly #window: Window;
  readonly #gate = new Gate(PLACES, QUEUE);
  readonly #kept: Map<string, Kept> = new Map();
  #tick = -1;

  constructor(window: Window) {
    this.#window = window;
  }

  /** The answer to a question, written if nobody has asked it since the last pass; throws a 503 if too many ask. */
  plain(question: string, write: () => Promise<Answer>): Promise<Answer> {
    return this.#keep(question, write).answer;
  }

  /** The same, as gzip. */
  async zipped(question: string, write: () => Promise<Answer>): Promise<Answer> {
    const kept = this.#keep(question, write);
    const { contentType, body } = await kept.answer;
    kept.zipped ??= compress(body, { level: GZIP_LEVEL });
    return { contentType, body: await kept.zipped };
  }

  #keep(question: string, write: () => Promise<Answer>): Kept {
    const { tick } = this.#window;
    if (tick !== this.#tick || this.#kept.size >= MOST) this.#kept.clear();
    this.#tick = tick;
    let kept = this.#kept.get(question);
    if (kept === undefined) {
      kept = { answer: this.#gate.run(write), zipped: undefined };
      this.#kept.set(question, kept);
      // A failure is not kept: the next who asks tries again.
      kept.answer.catch(() => this.#kept.delete(question));
    }
    return kept;
  }
}

/** Sends a kept answer, as gzip to those who take it. */
export async function sendKept(
  kept: KeptAnswers,
  request: FastifyRequest,
  reply: FastifyReply,
  write: () => Promise<Answer>,
): Promise<FastifyReply> {
  const isZipped = acceptsGzip(request.headers["accept-encoding"]);
  const question = `${request.headers.accept ?? ""} ${request.url}`;
  const { contentType, body } = await (isZipped
    ? kept.zipped(question, write)
    : kept.plain(question, write));
  if (isZipped) void reply.header("content-encoding", "gzip");
  return reply.header("vary", "accept, accept-encoding").type(contentType).send(body);
}
