import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Readers } from "../../../aggregator/history/readers.ts";
import { HttpError } from "../../../lib/http/errors.ts";

const ENDLESS = "SELECT count(*) FROM range(1000000000000) WHERE sqrt(range) = 0.5";

let instance: DuckDBInstance;
beforeAll(async () => {
  instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("CREATE TABLE t AS SELECT 1 AS a");
  connection.closeSync();
});
afterAll(() => instance.closeSync());

function readersOf(count: number, timeout: number): Readers {
  return new Readers({ connect: () => instance.connect(), count, timeout });
}

async function countRows(connection: DuckDBConnection): Promise<number> {
  return Number((await connection.runAndReadAll("SELECT count(*) FROM t")).getRows()[0]?.[0]);
}

describe("questions to the history", () => {
  test("see one state from begin to end", async () => {
    const writer = await instance.connect();
    const counts = await readersOf(1, 10_000).ask(async (connection) => {
      const before = await countRows(connection);
      await writer.run("INSERT INTO t VALUES (2)");
      return [before, await countRows(connection)];
    });
    expect(counts).toEqual([1, 1]);
    expect(await readersOf(1, 10_000).ask(countRows)).toBe(2);
    writer.closeSync();
  });

  test("are answered a few at a time", async () => {
    const readers = readersOf(2, 10_000);
    let running = 0;
    let most = 0;
    const asked = [0, 1, 2, 3, 4].map((number) =>
      readers.ask(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => void setTimeout(resolve, 2));
        running--;
        return number;
      }),
    );
    expect(await Promise.all(asked)).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
  });

  test("end when they take too long, and let the next one in", async () => {
    const readers = readersOf(1, 50);
    const slow = readers.ask((connection) => connection.run(ENDLESS));
    const next = readers.ask(async () => "next");
    await expect(slow).rejects.toThrow(HttpError);
    await expect(slow).rejects.toMatchObject({
      statusCode: 503,
      message: "the history needs more than 0.05 s for this; ask for less",
    });
    expect(await next).toBe("next");
  });

  test("are broken off by the end, which waits for them, and refused after it", async () => {
    const readers = readersOf(1, 60_000);
    let ended = false;
    let slow: Promise<unknown> | undefined;
    await new Promise<void>((begun) => {
      slow = readers.ask(async (connection) => {
        begun();
        await connection.run(ENDLESS).finally(() => (ended = true));
      });
    });
    const next = readers.ask(async () => "next");
    const outcomes = Promise.allSettled([slow, next]);
    await readers.close();
    expect(ended).toBe(true);
    const refused = { status: "rejected", reason: { statusCode: 503 } };
    expect(await outcomes).toMatchObject([refused, refused]);
    await expect(readers.ask(countRows)).rejects.toThrow("the history is closed");
  });

  test("that fail are their own business", async () => {
    const readers = readersOf(1, 10_000);
    await expect(readers.ask((connection) => connection.run("SELECT * FROM none"))).rejects.toThrow(
      "none",
    );
    expect(await readers.ask(countRows)).toBeGreaterThan(0);
  });
});
