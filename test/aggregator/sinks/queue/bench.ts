import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";

import { Queue, type QueueOptions } from "../../../../aggregator/sinks/queue/queue.ts";
import type { Parcel } from "../../../../aggregator/sinks/sink.ts";

/** A folder for queues, and what they log. */
export interface QueueBench {
  readonly directory: string;
  readonly logged: { readonly msg: string; readonly [field: string]: unknown }[];
  readonly clock: { now: number };
  open(limits?: Partial<QueueOptions["limits"]>, directory?: string): Promise<Queue>;
  remove(): Promise<void>;
}

/** Unix milliseconds at which these tests begin. */
export const T0: number = Date.parse("2026-01-01T00:00:00Z");

export async function openQueueBench(): Promise<QueueBench> {
  const parent = await mkdtemp(join(tmpdir(), "plimsoll-queue-"));
  const directory = join(parent, "sink");
  const logged: QueueBench["logged"] = [];
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const clock = { now: T0 };
  const opened: Queue[] = [];
  return {
    directory,
    logged,
    clock,
    async open(limits = {}, at = directory) {
      const all = { maxBytes: 1 << 30, maxAge: 1e12, ...limits };
      const inMemory = at === "";
      const queue = await Queue.open({
        directory: inMemory ? undefined : at,
        limits: all,
        now: () => clock.now,
        logger,
      });
      opened.push(queue);
      return queue;
    },
    async remove() {
      for (const queue of opened) await queue.close().catch(() => undefined);
      await rm(parent, { recursive: true });
    },
  };
}

/** A parcel of one point whose body is a number, and as many bytes more. */
export function parcelOf(number: number, bytes = 0): Parcel {
  return { body: Buffer.from(`${number};${"x".repeat(bytes)}`), points: 1 };
}

export function numberOf(body: Uint8Array): number {
  return Number.parseInt(Buffer.from(body).toString().split(";")[0] ?? "", 10);
}

/** Everything that waits, as it would be sent: `most` parcels at a time. */
export async function drain(queue: Queue, most = 100): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const lent = await queue.lend(1 << 20, most);
    if (lent === undefined) return numbers;
    numbers.push(...lent.records.map(({ body }) => numberOf(body)));
    await queue.done(lent, lent.records.length);
  }
}
