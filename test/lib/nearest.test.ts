import { expect, it } from "vitest";

import { nearest } from "../../lib/nearest.ts";

const names = ["listen", "window.seconds", "interval.seconds", "node"];

it.each([
  ["lisen", "listen"],
  ["LISTEN", "listen"],
  ["window.secs", "window.seconds"],
  ["interval_seconds", "interval.seconds"],
  ["nod", "node"],
])("takes %s for %s", (word, name) => {
  expect(nearest(word, names)).toBe(name);
});

it.each(["history.kind", "x", "zzzz"])("takes %s for nothing it knows", (word) => {
  expect(nearest(word, names)).toBeUndefined();
});

it("knows nothing near among no names", () => {
  expect(nearest("listen", [])).toBeUndefined();
});
