import { expect, it } from "vitest";

import { isNamedIn } from "../../../lib/http/entity-tag.ts";

it.each([
  ['W/"a-1"', true],
  ['"a-1"', true],
  ['"x", W/"a-1"', true],
  ['"x" , "a-1"', true],
  ["*", true],
  [" * ", true],
  ['"x,W/"', false],
  ["a-1", false],
  ['"a-10"', false],
  ["", false],
  [undefined, false],
])("%s", (header, isNamed) => {
  expect(isNamedIn(header, 'W/"a-1"')).toBe(isNamed);
});
