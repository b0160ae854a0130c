import { gzipSync } from "node:zlib";

import { type FastifyInstance, type FastifyReply, fastify } from "fastify";

import type { Container } from "../../../wire/container.ts";
import { encodeSamples, FEED_CONTENT_TYPE, FEED_VERSION } from "../../../wire/feed.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import { Ring } from "../../../wire/ring.ts";
import { rawRow } from "./samples.ts";

interface Held {
  container: Container;
  readonly ring: Ring;
  describedAt: number;
  gone?: { readonly time: number; readonly tick: number };
}

/** What a fake node samples of a container at a tick. */
export type Measure = (tick: number) => Readonly<Record<string, number>>;

/** An agent without a kernel: each `pass` is one second, and takes no time. */
export class FakeNode {
  readonly name: string;
  run: string;
  time: number;
  version: number = FEED_VERSION;
  /** Names of the columns it sends; it may be of another version. */
  columns: readonly string[] = allMetrics.map((metric) => metric.name);
  /** The cursors it was asked with. */
  readonly asked: (string | undefined)[] = [];
  readonly #held = new Map<string, Held>();
  readonly #gone: Held[] = [];
  readonly #measures = new Map<string, Measure>();
  #tick = 0;

  constructor(name: string, start: number, run = "run1") {
    this.name = name;
    this.time = start;
    this.run = run;
  }

  get tick(): number {
    return this.#tick;
  }

  add(container: Container, measure: Measure): void {
    const ring = new Ring(61, allMetrics.length);
    this.#held.set(container.id, { container, ring, describedAt: this.#tick + 1 });
    this.#measures.set(container.id, measure);
  }

  describe(container: Container): void {
    const held = this.#held.get(container.id)!;
    Object.assign(held, { container, describedAt: this.#tick + 1 });
  }

  remove(id: string): void {
    const held = this.#held.get(id)!;
    held.gone = { time: this.time, tick: this.#tick + 1 };
    this.#gone.push(held);
    this.#held.delete(id);
  }

  /** So many seconds pass. */
  pass(seconds: number): void {
    for (let passed = 0; passed < seconds; passed++) {
      this.#tick++;
      this.time += 1000;
      for (const [id, { ring }] of this.#held) {
        const row = rawRow(this.#measures.get(id)!(this.#tick));
        const interval = ring.length === 0 ? Number.NaN : 1000;
        ring.push(this.#tick, this.time, interval, row);
      }
    }
  }

  /** Starts anew after some seconds: other run, empty window, the containers are still there. */
  restart(run: string, seconds: number): void {
    this.run = run;
    this.#tick = 0;
    this.time += seconds * 1000;
    this.#gone.length = 0;
    for (const { container } of this.#held.values()) {
      this.add(container, this.#measures.get(container.id)!);
    }
  }

  /** The lines of the feed. */
  feed(cursor: string | undefined): string[] {
    this.asked.push(cursor);
    const [run, tick] = (cursor ?? "").split("-");
    const since = run === this.run ? Number(tick) : 0;
    return [
      this.#head(),
      ...[...this.#held.values()].map((held) => this.#line(held, since)),
      ...this.#gone
        .filter((held) => held.gone!.tick > since)
        .map((held) => this.#line(held, since)),
      { end: true },
    ].map((line) => `${JSON.stringify(line)}\n`);
  }

  #head(): object {
    return {
      feed: this.version,
      node: this.name,
      machine: { cpu_cores: 2, memory_bytes: 4e9 },
      cursor: `${this.run}-${this.#tick}`,
      oldest: `${this.run}-${Math.max(0, this.#tick - 61)}`,
      interval_seconds: 1,
      columns: this.columns,
    };
  }

  #line({ container, ring, describedAt, gone }: Held, since: number): object {
    const isNew = describedAt > since;
    const samples = encodeSamples(ring, ring.positionAfterTick(since), ring.length, [
      ...allMetrics.keys(),
    ]);
    return {
      id: container.id,
      ...(isNew ? { container } : {}),
      ...(gone === undefined ? {} : { gone: gone.time }),
      ...samples,
    };
  }
}

/** Answers something else than a feed. */
export type Misbehave = (reply: FastifyReply) => FastifyReply | Promise<FastifyReply>;

/** A fake agent on a port of its own; `cut` closes it and `heal` opens it at the same place. */
export class FakeAgent {
  readonly node: FakeNode;
  misbehave: Misbehave | undefined;
  #app: FastifyInstance | undefined;
  #port = 0;

  constructor(node: FakeNode) {
    this.node = node;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async heal(): Promise<void> {
    const app = fastify({ forceCloseConnections: true });
    app.get<{ Querystring: { since?: string } }>("/stats/feed", async (request, reply) => {
      if (this.misbehave !== undefined) return this.misbehave(reply);
      const text = this.node.feed(request.query.since).join("");
      reply.type(FEED_CONTENT_TYPE);
      if (request.headers["accept-encoding"]?.includes("gzip") !== true) return reply.send(text);
      return reply.header("content-encoding", "gzip").send(gzipSync(text));
    });
    await app.listen({ host: "127.0.0.1", port: this.#port });
    const address = app.server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
    this.#app = app;
  }

  async cut(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
  }
}

/** Starts a fake agent. */
export async function startFakeAgent(node: FakeNode): Promise<FakeAgent> {
  const agent = new FakeAgent(node);
  await agent.heal();
  return agent;
}
