import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";

import { WriteQueue } from "../../../aggregator/history/queue.ts";
import type { Batch } from "../../../aggregator/model/batch.ts";
import { containerOf, everySecond } from "../fakes/samples.ts";

const web = containerOf("/web");

/** A batch of so many samples. */
function batchOf(samples: number): Batch {
  return everySecond(
    "n",
    web,
    0,
    Array.from({ length: samples }, () => ({ threads: 1 })),
  );
}

describe("the history's queue", () => {
  let written: (readonly Batch[])[];
  let logged: string[];
  let fail: boolean;
  let unfit: Batch[];
  let release: (() => void) | undefined;
  let hold: boolean;
  let queue: WriteQueue;
  beforeEach(() => {
    written = [];
    logged = [];
    fail = false;
    unfit = [];
    hold = false;
    queue = new WriteQueue({
      capacity: 10,
      retryMs: 1,
      isUnfit: (error) => error instanceof RangeError,
      logger: pino({}, { write: (line: string) => void logged.push(JSON.parse(line).msg) }),
      async write(batches) {
        if (hold) await new Promise<void>((resolve) => (release = resolve));
        if (batches.some((batch) => unfit.includes(batch))) throw new RangeError("no such time");
        if (fail) throw new Error("disk on fire");
        written.push(batches);
      },
    });
  });

  test("writes together what has come together", async () => {
    hold = true;
    const [first, second, third] = [batchOf(1), batchOf(2), batchOf(3)];
    queue.add(first);
    await Promise.resolve();
    queue.add(second);
    queue.add(third);
    expect(queue.state().queued).toBe(6);
    hold = false;
    await new Promise((resolve) => void setTimeout(resolve, 1));
    release?.();
    await queue.flush();
    expect(written).toEqual([[first], [second, third]]);
    expect(queue.state()).toMatchObject({ queued: 0, stored: 6 });
  });

  test("takes no more than it has room for, and counts what is lost", async () => {
    hold = true;
    queue.add(batchOf(8));
    queue.add(batchOf(3));
    queue.add(batchOf(3));
    queue.add(batchOf(2));
    expect(queue.state()).toMatchObject({ queued: 10, capacity: 10, lost: 6 });
    expect(logged).toEqual(["the history's queue is full, samples are lost"]);
    hold = false;
    await new Promise((resolve) => void setTimeout(resolve, 1));
    release?.();
    await queue.flush();
    expect(queue.state()).toMatchObject({ queued: 0, stored: 10, lost: 6 });
  });

  test("tries again until it succeeds, says so once, and keeps the order", async () => {
    fail = true;
    const [first, second] = [batchOf(1), batchOf(2)];
    queue.add(first);
    while (queue.state().failures < 3) await new Promise((resolve) => void setTimeout(resolve, 1));
    queue.add(second);
    expect(queue.state()).toMatchObject({ queued: 3, stored: 0 });
    fail = false;
    await queue.flush();
    expect(written.flat()).toEqual([first, second]);
    expect(logged).toEqual(["cannot write the history", "the history is written again"]);
  });

  test("says why the last write failed, until one goes well", async () => {
    fail = true;
    queue.add(batchOf(1));
    while (queue.state().failures === 0)
      await new Promise((resolve) => void setTimeout(resolve, 1));
    expect(queue.state().trouble).toBe("disk on fire");
    fail = false;
    await queue.flush();
    expect(queue.state()).not.toHaveProperty("trouble");
  });

  test("drops what can't be stored after one more try alone, and says so once for a node", async () => {
    const [first, second] = [batchOf(1), batchOf(2)];
    unfit = [batchOf(2), batchOf(3)];
    hold = true;
    queue.add(batchOf(1));
    await Promise.resolve();
    for (const batch of [unfit[0]!, first, unfit[1]!, second]) queue.add(batch);
    hold = false;
    await new Promise((resolve) => void setTimeout(resolve, 1));
    release?.();
    await queue.flush();
    expect(written.slice(1)).toEqual([[first], [second]]);
    // Once together, then each twice alone.
    expect(queue.state()).toEqual({ queued: 0, capacity: 10, stored: 4, lost: 5, failures: 5 });
    expect(logged).toEqual(["samples of a node can't be stored"]);
  });

  test("does other work in between, whose failure is its own", async () => {
    queue.add(batchOf(1));
    await expect(queue.inTurn(() => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(await queue.inTurn(async () => written.length)).toBe(1);
    queue.add(batchOf(1));
    await queue.flush();
    expect(queue.state().stored).toBe(2);
  });

  test("closing tries once more, takes nothing any more, and says what is lost", async () => {
    fail = true;
    queue.add(batchOf(4));
    while (queue.state().failures === 0)
      await new Promise((resolve) => void setTimeout(resolve, 1));
    await queue.close();
    queue.add(batchOf(1));
    expect(queue.state()).toMatchObject({ queued: 0, stored: 0, lost: 5 });
    expect(logged).toContain("samples were lost at the end");
  });
});
