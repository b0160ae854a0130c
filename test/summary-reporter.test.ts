import { expect, test } from "vitest";

import { countTests } from "./summary-reporter.ts";

type State = "passed" | "failed" | "skipped" | "pending";

function moduleOf(state: string, ...tests: State[]): Parameters<typeof countTests>[0][number] {
  const results = tests.map((result) => ({ result: () => ({ state: result }) }));
  return { state: () => state, children: { allTests: () => results } };
}

test("counts each test once", () => {
  const modules = [moduleOf("failed", "passed", "failed", "failed"), moduleOf("passed", "skipped")];
  expect(countTests(modules, [])).toEqual({ passed: 1, failed: 2, skipped: 1 });
});

test("counts a file that failed without a failed test, and an error outside of all", () => {
  const modules = [moduleOf("failed"), moduleOf("failed", "skipped"), moduleOf("passed", "passed")];
  expect(countTests(modules, [new Error("late")])).toEqual({ passed: 1, failed: 3, skipped: 1 });
});

test("counts a test that was never reached as failed", () => {
  expect(countTests([moduleOf("passed", "pending")], [])).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});
