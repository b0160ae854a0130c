import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type { FastifyReply, FastifyRequest } from "fastify";

import { acceptsGzip } from "../../lib/http/accept.ts";
import { Gate } from "../../lib/http/gate.ts";
import type { Window } from "../window/window.ts";
import { UnderWay } from "./under-way.ts";

const compress = promisify(gzip);

/** Fast: somebody waits for it. In large pieces: each one waits for the event loop. */
const GZIP = { level: 1, chunkSize: 256 * 1024 };

/** So many different answers are written at a time, so many may wait. */
const PLACES = 2;
const QUEUE = 100;

/** So many different answers are kept of one second. */
const MOST = 32;

/** Bytes of different answers that readers may hold at a time: a minute of large ones. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Who asks a question that was asked so often in a second need not wait for the next answer to it. */
const OFTEN = 10;

/** An answer as bytes. */
export interface Answer {
  readonly contentType: string;
  readonly body: Buffer;
}

interface Kept {
  /** The pass that it is of. */
  readonly tick: number;
  readonly answer: Promise<Answer>;
  zipped: Promise<Buffer> | undefined;
  asked: number;
  /** What need not be waited for. */
  readonly ready: { plain: boolean; zipped: boolean };
}

/**
 * Keeps what was answered since the last pass: who asks the same within the second gets the same
 * bytes. However many ask, and however slowly they read, there is one copy of each answer. Where many
 * ask, the answer of the pass before is given until that of the new one is written.
 */
export class KeptAnswers {
  /** What is being sent. */
  readonly underWay: UnderWay = new UnderWay(MOST_BYTES);
  readonly #window: Window;
  readonly #gate = new Gate(PLACES, QUEUE);
  readonly #kept: Map<string, Kept> = new Map();
  /** Answers of the pass before that many have asked for. */
  readonly #before: Map<string, Kept> = new Map();
  #tick = -1;

  constructor(window: Window) {
    this.#window = window;
  }

  /** The pass that an answer given now would be of. */
  tickOf(question: string, form: "plain" | "zipped"): number {
    this.#turn();
    return this.#earlier(question, form)?.tick ?? this.#tick;
  }

  /** The answer to a question, written if nobody has asked it since the last pass; throws a 503 if too many ask. */
  plain(question: string, write: () => Promise<Answer>): Promise<Answer> {
    const kept = this.#keep(question, write);
    return (this.#earlier(question, "plain") ?? kept).answer;
  }

  /** The same, as gzip. */
  async zipped(question: string, write: () => Promise<Answer>): Promise<Answer> {
    const kept = this.#keep(question, write);
    const zipping = this.#zip(kept);
    const earlier = this.#earlier(question, "zipped");
    if (earlier === undefined) return zipping;
    // Whoever waits for it is told when it fails.
    zipping.catch(() => undefined);
    return this.#zip(earlier);
  }

  async #zip(kept: Kept): Promise<Answer> {
    const { contentType, body } = await kept.answer;
    kept.zipped ??= compress(body, GZIP);
    const zipped = await kept.zipped;
    kept.ready.zipped = true;
    return { contentType, body: zipped };
  }

  #keep(question: string, write: () => Promise<Answer>): Kept {
    this.#turn();
    if (this.#kept.size >= MOST) this.#kept.clear();
    let kept = this.#kept.get(question);
    if (kept === undefined) {
      kept = this.#write(write);
      this.#kept.set(question, kept);
      // A failure is not kept: the next who asks tries again.
      kept.answer.catch(() => this.#kept.delete(question));
    }
    kept.asked++;
    return kept;
  }

  #write(write: () => Promise<Answer>): Kept {
    const ready = { plain: false, zipped: false };
    const answer = this.#gate.run(write);
    answer.then(
      () => (ready.plain = true),
      () => undefined,
    );
    return { tick: this.#tick, answer, zipped: undefined, asked: 0, ready };
  }

  /** The answer of the pass before, if it was asked for often and the new one is not there yet. */
  #earlier(question: string, form: "plain" | "zipped"): Kept | undefined {
    const before = this.#before.get(question);
    const isNewReady = this.#kept.get(question)?.ready[form] === true;
    return before?.ready[form] === true && !isNewReady ? before : undefined;
  }

  /** After a pass what was kept is of the one before. */
  #turn(): void {
    const { tick } = this.#window;
    if (tick === this.#tick) return;
    this.#tick = tick;
    this.#before.clear();
    for (const [question, kept] of this.#kept) {
      if (kept.asked >= OFTEN) this.#before.set(question, kept);
    }
    this.#kept.clear();
  }
}

/** Who asks the same words gets the same answer. */
function wordsOf({ headers, url }: FastifyRequest): string {
  return `${headers.accept ?? ""} ${url}`;
}

/** Sends a kept answer, as gzip to those who take it; `question` says what is asked. */
export async function sendKept(
  kept: KeptAnswers,
  request: FastifyRequest,
  reply: FastifyReply,
  write: () => Promise<Answer>,
  question: string = wordsOf(request),
): Promise<FastifyReply> {
  const isZipped = acceptsGzip(request.headers["accept-encoding"]);
  const { contentType, body } = await (isZipped
    ? kept.zipped(question, write)
    : kept.plain(question, write));
  kept.underWay.hold(body, reply.raw);
  if (isZipped) void reply.header("content-encoding", "gzip");
  return reply.header("vary", "accept, accept-encoding").type(contentType).send(body);
}
