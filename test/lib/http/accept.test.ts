import { expect, it } from "vitest";

import { acceptsGzip, preferred } from "../../../lib/http/accept.ts";

it.each([
  ["gzip", true],
  ["deflate, GZIP;q=0.5, br", true],
  ["x-gzip", true],
  ["*", true],
  ["gzip, *;q=0", true],
  ["gzip ; q=1.000", true],
  [undefined, false],
  ["", false],
  ["identity", false],
  ["gzip;q=0", false],
  ["gzip; Q = 0.000", false],
  ["*;q=0", false],
  ["*, gzip;q=0", false],
  ["notgzip", false],
])("Accept-Encoding %j takes gzip: %j", (header, taken) => {
  expect(acceptsGzip(header)).toBe(taken);
});

const text = "text/plain";
const open = "application/openmetrics-text";

it.each([
  [undefined, text],
  [" ", text],
  ["*/*", text],
  [open, open],
  [`${open};version=1.0.0;q=0.5,${text};version=0.0.4;q=0.3,*/*;q=0.1`, open],
  [`${open};q=0.3,${text};q=0.5`, text],
  [`${open},${text}`, text],
  [`${open};q=0,*/*`, text],
  [`${text};q=0,*/*`, open],
  [`${open};version=1.0.0;q=0.5,${open};version=0.0.1;q=0.75,${text};q=0.6`, open],
  ["application/*;q=0.2, text/*;q=0.1", open],
  ["TEXT/Plain;q=0.9, */*;q=0.8", text],
  ["text/*;q=0", undefined],
  ["image/png", undefined],
  [`${open};q=0`, undefined],
])("Accept %j prefers %j", (header, type) => {
  expect(preferred(header, [text, open])).toBe(type);
});

it("has nothing to prefer of nothing", () => {
  expect(preferred("*/*", [])).toBeUndefined();
});
