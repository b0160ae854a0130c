import { expect, it } from "vitest";

import { parseBytes } from "../../../lib/config/bytes.ts";

it.each([
  ["0", 0],
  ["4096", 4096],
  ["1k", 1000],
  ["1KiB", 1024],
  ["64Mi", 67_108_864],
  ["500 MB", 500_000_000],
  ["1.5GiB", 1_610_612_736],
  ["2T", 2e12],
  ["7b", 7],
])("reads %s as %d", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it.each(["", "MB", "-1", "1PB", "1e3", "1 2", "GiB1"])("refuses %j", (text) => {
  expect(parseBytes(text)).toBeUndefined();
});
