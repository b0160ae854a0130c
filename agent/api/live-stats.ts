import type { FastifyReply } from "fastify";

import { HttpError } from "../../lib/http/errors.ts";
import { EventStreams } from "../../lib/http/event-stream.ts";
import { type Followed, LiveQuery } from "./live-query.ts";
import type { AgentView } from "./route.ts";

const LIMITS = { most: 200, heartbeatMs: 15_000, patienceMs: 30_000 };

/** Each different query costs something every second, however many follow it. */
const MOST_QUERIES = 32;

/** The live form of `/stats`. It costs nothing while nobody follows. */
export class LiveStats {
  readonly #view: AgentView;
  readonly #fail: (error: unknown) => void;
  readonly #streams: EventStreams = new EventStreams(LIMITS);
  readonly #queries: Map<string, LiveQuery> = new Map();
  #endListening: (() => void) | undefined;
  #isRunning = false;
  #runAgain = false;

  /** @param fail told what went wrong in here */
  constructor(view: AgentView, fail: (error: unknown) => void) {
    this.#view = view;
    this.#fail = fail;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Lets somebody follow a query; those that follow the same share it. Throws a 503 if it is too much. */
  follow(question: string, followed: () => Followed, reply: FastifyReply): void {
    const query = this.#queries.get(question) ?? this.#newQuery(followed());
    const stream = this.#streams.open(reply, () => {
      query.remove(stream);
      if (query.isForsaken) this.#queries.delete(question);
      if (this.#queries.size === 0) this.#rest();
    });
    this.#queries.set(question, query);
    query.add(stream);
    this.#endListening ??= this.#view.window.onPass(() => void this.#run());
    void this.#run();
  }

  /** Ends all streams. */
  close(): void {
    this.#rest();
    this.#streams.close();
  }

  #newQuery(followed: Followed): LiveQuery {
    if (this.#queries.size < MOST_QUERIES) return new LiveQuery(this.#view, followed);
    const message = `${MOST_QUERIES} different queries are followed, which is the most; ask later`;
    throw new HttpError(503, message);
  }

  /** One query after the other; passes that end in the meantime are taken up together. */
  async #run(): Promise<void> {
    this.#runAgain = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#runAgain) {
      this.#runAgain = false;
      // oxlint-disable-next-line no-await-in-loop
      for (const query of this.#queries.values()) await query.round().catch(this.#fail);
    }
    this.#isRunning = false;
  }

  #rest(): void {
    this.#endListening?.();
    this.#endListening = undefined;
  }
}
