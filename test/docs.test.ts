import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { generatedPages } from "../docs/pages.ts";

describe("the documentation", () => {
  it.each(Object.entries(generatedPages()))(
    "has %s as its tables are; `npm run docs` writes it",
    (name, text) => {
      expect(readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8")).toBe(text);
    },
  );
});
