import { fastify } from "fastify";
import { expect, test } from "vitest";

import { readiness } from "../../../aggregator/api/readiness.ts";
import type { History, HistoryState } from "../../../aggregator/history/history.ts";
import { addHealthRoutes } from "../../../lib/http/health.ts";

const well: HistoryState = { queued: 0, capacity: 10, stored: 0, lost: 0, failures: 3 };

/** A history of which only the state matters. */
function historyWith(state: () => HistoryState): History {
  const nothing = async (): Promise<never> => Promise.reject(new Error("not asked for here"));
  return {
    storedUntil: new Map(),
    storedCursors: new Map(),
    append: () => undefined,
    flush: nothing,
    containers: nothing,
    totals: nothing,
    series: nothing,
    levels: nothing,
    resolution: () => 1000,
    state,
    close: nothing,
  };
}

test("an aggregator is ready while its last write went well, and says why if not", async () => {
  let state = well;
  const history = historyWith(() => state);
  const app = fastify();
  addHealthRoutes(app, () => readiness({ history }));
  expect((await app.inject("/-/ready")).statusCode).toBe(200);
  state = { ...well, trouble: "no space left on device" };
  const response = await app.inject("/-/ready");
  expect(response.statusCode).toBe(503);
  expect(response.body).toBe("cannot write the history: no space left on device\n");
  state = well;
  expect((await app.inject("/-/ready")).statusCode).toBe(200);
  await app.close();
});

test("one without a history is ready", () => {
  expect(readiness({ history: undefined })).toBe(true);
});
