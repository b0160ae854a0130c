import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Totals of a test run; a skipped test is in neither of the first two. */
export interface TestCount {
  passed: number;
  failed: number;
  skipped: number;
}

/** What is asked of one of vitest's test files. */
interface CountedModule {
  state(): string;
  children: {
    allTests(): Iterable<{ result(): { state: "passed" | "failed" | "skipped" | "pending" } }>;
  };
}

/** Adds up what each test came to; a file that could not be loaded and an error outside any test are failures too. */
export function countTests(
  modules: readonly CountedModule[],
  unhandledErrors: readonly unknown[],
): TestCount {
  const count: TestCount = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    const failedBefore = count.failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that was never reached (a hook above it failed, or the run was cut) did not pass.
      count[state === "pending" ? "failed" : state] += 1;
    }
    if (module.state() === "failed" && count.failed === failedBefore) count.failed += 1;
  }
  return count;
}

/** Prints `N passed, N failed` as the last line of the run. With `CI=true` a skipped test is a failed one. */
export class SummaryReporter implements Reporter {
  readonly #strict: boolean;

  constructor(strict: boolean = process.env["CI"] === "true") {
    this.#strict = strict;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const { passed, failed, skipped } = countTests(modules, errors);
    const failures = failed + (this.#strict ? skipped : 0);
    if (this.#strict && skipped > 0) {
      console.log(`${skipped} skipped tests count as failed, because CI is set`);
    }
    // On exit, so that nothing that another reporter says comes after it.
    process.once("exit", () => {
      const isFailed = (process.exitCode ?? 0) !== 0;
      if (failures > 0 && !isFailed) process.exitCode = 1;
      // A run that never came to a test, for example for an error in the setup, did not go well either.
      console.log(`${passed} passed, ${isFailed ? Math.max(failures, 1) : failures} failed`);
    });
  }
}
