import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Queue } from "../../../../aggregator/sinks/queue/queue.ts";
import { until } from "../../../testbed/wait.ts";
import { drain, numberOf, openQueueBench, parcelOf, type QueueBench, T0 } from "./bench.ts";

let bench: QueueBench;

beforeEach(async () => {
  bench = await openQueueBench();
});
afterEach(() => bench.remove());

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

function fill(queue: Queue, numbers: readonly number[], bytes = 0): void {
  for (const number of numbers) queue.append([parcelOf(number, bytes)], "");
}

async function segments(): Promise<string[]> {
  return (await readdir(bench.directory)).filter((name) => name.endsWith(".queue")).toSorted();
}

describe("a queue on disk", () => {
  test("gives back what it was given, in order, and only once", async () => {
    const queue = await bench.open();
    fill(queue, range(1, 50));
    await queue.flush();
    expect(queue.state()).toMatchObject({ waitingPoints: 50, oldest: T0, droppedPoints: 0 });
    expect(await drain(queue, 7)).toEqual(range(1, 50));
    expect(queue.state()).toMatchObject({ waitingPoints: 0, waitingBytes: 0 });
    expect(queue.state().oldest).toBeUndefined();
    await queue.close();
    expect(await drain(await bench.open())).toEqual([]);
  });

  test("lends again what was not done with, also after a restart", async () => {
    const queue = await bench.open();
    queue.append(
      range(1, 5).map((number) => parcelOf(number)),
      "",
    );
    await queue.flush();
    const lent = await queue.lend(1e6, 10);
    await queue.done(lent!, 2);
    expect((await queue.lend(1e6, 1))?.records.map(({ body }) => numberOf(body))).toEqual([3]);
    await queue.close();
    const again = await bench.open();
    expect(again.state().waitingPoints).toBe(3);
    expect(await drain(again)).toEqual([3, 4, 5]);
  });

  test("joins no more bytes than are asked for, but for one parcel that is larger", async () => {
    const queue = await bench.open();
    fill(queue, [1, 2, 3], 100);
    fill(queue, [4], 200_000);
    await queue.flush();
    const sizes: number[] = [];
    for (let lent = await queue.lend(250, 100); lent; lent = await queue.lend(250, 100)) {
      sizes.push(lent.records.length);
      await queue.done(lent, lent.records.length);
    }
    expect(sizes).toEqual([2, 1, 1]);
  });

  test("lets the oldest go when there are too many bytes", async () => {
    const queue = await bench.open({ maxBytes: 1 << 20 });
    for (const number of range(1, 300)) {
      fill(queue, [number], 10_000);
      await queue.flush();
    }
    const { waitingPoints, waitingBytes, droppedPoints } = queue.state();
    expect(waitingBytes).toBeLessThanOrEqual(1 << 20);
    expect(waitingBytes).toBeGreaterThan((1 << 20) / 2);
    expect(waitingPoints + droppedPoints).toBe(300);
    expect(await drain(queue)).toEqual(range(droppedPoints + 1, 300));
  });

  test("counts what was under way when its room was taken as sent, not as let go", async () => {
    const queue = await bench.open({ maxBytes: 1 << 20 });
    fill(queue, [1], 10_000);
    await queue.flush();
    const lent = await queue.lend(1e6, 1);
    for (const number of range(2, 300)) {
      fill(queue, [number], 10_000);
      await queue.flush();
    }
    await queue.done(lent!, 1);
    const { waitingPoints, droppedPoints } = queue.state();
    expect(waitingPoints + droppedPoints).toBe(299);
    expect(await drain(queue)).toHaveLength(waitingPoints);
  });

  test("lets go of what is too old", async () => {
    const queue = await bench.open({ maxAge: 1000 });
    fill(queue, [1, 2]);
    await queue.flush();
    bench.clock.now += 600;
    fill(queue, [3]);
    await queue.flush();
    bench.clock.now += 600;
    expect(await drain(queue)).toEqual([3]);
    expect(queue.state().droppedPoints).toBe(2);
    fill(queue, [4]);
    await queue.flush();
    bench.clock.now += 1001;
    await queue.tidy();
    expect(queue.state()).toMatchObject({ waitingPoints: 0, droppedPoints: 3 });
    fill(queue, [5]);
    await queue.flush();
    expect(await drain(queue)).toEqual([5]);
  });

  test("removes files that are done with", async () => {
    const queue = await bench.open({ maxBytes: 4 << 20 });
    for (const number of range(1, 20)) {
      fill(queue, [number], 100_000);
      await queue.flush();
    }
    expect((await segments()).length).toBeGreaterThan(2);
    await drain(queue);
    fill(queue, [21], 10);
    await queue.flush();
    await drain(queue);
    expect(await segments()).toHaveLength(1);
  });
});

describe("marks", () => {
  const markOf = (tick: number): string =>
    JSON.stringify({ n: { n: [T0, "run", tick] }, e: `id${tick}` });

  test("are kept with what they stand for, after everything was sent and files have gone", async () => {
    const queue = await bench.open({ maxBytes: 4 << 20 });
    for (const number of range(1, 20)) {
      queue.append([parcelOf(number, 100_000)], markOf(number));
      await queue.flush();
      await drain(queue);
    }
    queue.append([], markOf(21));
    await queue.close();
    const { marks } = await bench.open();
    expect(marks.cursorOf("n")).toEqual({ run: "run", tick: 21 });
    expect(marks.timeOf("n")).toBe(T0);
    expect(marks.lastEventId).toBe("id21");
    expect(marks.nodes).toEqual(new Set(["n"]));
  });

  test("of a delivery that is not whole are not there, and neither is any of it", async () => {
    const queue = await bench.open();
    queue.append([parcelOf(1)], markOf(1));
    await queue.flush();
    const [name] = await segments();
    const path = join(bench.directory, name!);
    const before = (await readFile(path)).length;
    queue.append([parcelOf(2), parcelOf(3), parcelOf(4)], markOf(2));
    await queue.close();
    const whole = await readFile(path);
    for (let length = before; length < whole.length; length += 11) {
      await writeFile(path, whole.subarray(0, length));
      const again = await bench.open();
      expect(again.marks.cursorOf("n")).toEqual({ run: "run", tick: 1 });
      expect(again.state().waitingPoints).toBe(1);
      await again.close();
    }
    expect(bench.logged).toEqual([]);
  });
});

describe("a queue whose files are damaged", () => {
  test("loses the rest of one file at most, and says what was set aside", async () => {
    const written = await bench.open({ maxBytes: 4 << 20 });
    for (const number of range(1, 30)) {
      fill(written, [number], 50_000);
      await written.flush();
    }
    await written.close();
    const names = await segments();
    expect(names.length).toBeGreaterThan(2);
    const path = join(bench.directory, names[1]!);
    const bytes = await readFile(path);
    for (const place of [0, 20, 60, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[place] = (changed[place] ?? 0) ^ 1;
      await writeFile(path, changed);
      bench.logged.length = 0;
      const queue = await bench.open({ maxBytes: 4 << 20 });
      const found: number[] = [];
      const lent = await queue.lend(1 << 30, 1000);
      found.push(...lent!.records.map(({ body }) => numberOf(body)));
      expect(found[0]).toBe(1);
      expect(queue.state().waitingPoints).toBeGreaterThan(30 - 12);
      expect(bench.logged).toMatchObject([{ path: `${path}.damaged`, level: 40 }]);
      await queue.close();
      await rm(`${path}.damaged`);
    }
    const left = await drain(await bench.open({ maxBytes: 4 << 20 }));
    expect(left).toEqual(left.toSorted((a, b) => a - b));
    expect(left.at(-1)).toBe(30);
  });

  test("goes on if a file is changed while it waits", async () => {
    const queue = await bench.open({ maxBytes: 4 << 20 });
    for (const number of range(1, 30)) {
      fill(queue, [number], 50_000);
      await queue.flush();
    }
    const names = await segments();
    await writeFile(join(bench.directory, names[1]!), "something else");
    const left = await drain(queue);
    expect(left[0]).toBe(1);
    expect(left.at(-1)).toBe(30);
    expect(left.length + queue.state().droppedPoints).toBe(30);
    expect(queue.state().waitingPoints).toBe(0);
  });
});

describe("a queue without a disk", () => {
  test("waits in memory where there is no folder, and says at the end what is lost", async () => {
    const queue = await bench.open({ maxBytes: 10_000 }, "");
    fill(queue, range(1, 30), 1000);
    const { waitingPoints, droppedPoints, capacityBytes } = queue.state();
    expect(capacityBytes).toBe(10_000);
    expect(waitingPoints + droppedPoints).toBe(30);
    const lent = await queue.lend(1500, 10);
    expect(numberOf(lent!.records[0]!.body)).toBe(droppedPoints + 1);
    await queue.done(lent!, 0);
    expect(await drain(queue)).toEqual(range(droppedPoints + 1, 30));
    fill(queue, [31]);
    await queue.close();
    expect(bench.logged).toMatchObject([{ points: 1 }]);
  });

  test("sends from memory while the disk is full, and writes again once it is not", async () => {
    const queue = await bench.open();
    const mark = JSON.stringify({ n: { n: [T0, "run", 7] } });
    const path = join(bench.directory, "000000000001.queue");
    // Whoever writes to it is told that the device is full.
    await symlink("/dev/full", path);
    queue.append([parcelOf(1)], mark);
    fill(queue, [2, 3]);
    await until("the disk is full", () => queue.state().trouble?.includes("ENOSPC"));
    expect(bench.logged.map(({ level }) => level)).toEqual([40]);
    expect(queue.state().waitingPoints).toBe(3);
    const lent = await queue.lend(1e6, 2);
    expect(lent!.records.map(({ body }) => numberOf(body))).toEqual([1, 2]);
    await queue.done(lent!, 1);
    expect(queue.state().waitingPoints).toBe(2);
    await rm(path);
    await until("it is on disk", () => queue.state().trouble === undefined);
    fill(queue, [4]);
    await queue.close();
    expect(bench.logged.map(({ level }) => level)).toEqual([40, 30]);
    const again = await bench.open();
    expect(await drain(again)).toEqual([2, 3, 4]);
    expect(again.marks.cursorOf("n")).toEqual({ run: "run", tick: 7 });
  });

  test("makes its folder anew if somebody has moved it away", async () => {
    const queue = await bench.open();
    await rename(bench.directory, `${bench.directory}-moved`);
    fill(queue, [1]);
    await queue.flush();
    expect(await drain(queue)).toEqual([1]);
    await mkdir(bench.directory, { recursive: true });
  });
});

test("whatever happens to a queue, nothing is lost, out of order or sent again but the last request", async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("append" as const),
      sizes: fc.array(fc.nat(30_000), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant("send" as const),
      most: fc.integer({ min: 1, max: 5 }),
      share: fc.nat(5),
    }),
    fc.record({ kind: fc.constant("flush" as const) }),
    fc.record({ kind: fc.constant("restart" as const), isLent: fc.boolean() }),
  );
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const at = join(bench.directory, String(round++));
      let queue = await bench.open({ maxBytes: 600_000 }, at);
      let appended = 0;
      const sent: number[] = [];
      for (const one of steps) {
        if (one.kind === "append") {
          queue.append(
            one.sizes.map((bytes) => parcelOf(++appended, bytes)),
            "",
          );
        } else if (one.kind === "flush") {
          await queue.flush();
        } else if (one.kind === "send") {
          const lent = await queue.lend(50_000, one.most);
          const done = lent?.records.slice(0, one.share) ?? [];
          sent.push(...done.map(({ body }) => numberOf(body)));
          if (lent !== undefined) await queue.done(lent, done.length);
        } else {
          if (one.isLent) await queue.lend(50_000, 3);
          await queue.close();
          queue = await bench.open({ maxBytes: 600_000 }, at);
        }
      }
      await queue.flush();
      const dropped = queue.state().droppedPoints;
      sent.push(...(await drain(queue)));
      // Ascending, each once; without what was let go, all of them.
      expect(sent).toEqual(sent.toSorted((a, b) => a - b));
      expect(new Set(sent).size).toBe(sent.length);
      if (appended * 30_000 < 600_000) {
        expect(dropped).toBe(0);
        expect(sent).toEqual(range(1, appended));
      }
      await queue.close();
    }),
    { numRuns: 60 },
  );
});
