import { describe, inject, test } from "vitest";

import type { Part } from "./parts.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** By part, what this machine lacks for it; found out once, in test/global-setup.ts. */
    lacking: Partial<Record<Part, string>>;
  }
}

/** A `describe` whose tests need these parts: where one is missing, one test stands for them, reported as not run with the reason; with `CI=true` it fails. */
export function describeWith(parts: readonly Part[], name: string, body: () => void): void {
  const reasons = parts.flatMap((part) => inject("lacking")[part] ?? []);
  describe(name, () => {
    if (reasons.length === 0) return body();
    const reason = `needs ${[...new Set(reasons)].join("; ")}`;
    test(`not run: ${reason}`, (context) => {
      if (process.env["CI"] === "true") throw new Error(reason);
      context.skip(reason);
    });
  });
}
