import { expect, test } from "vitest";

import { parseSelector } from "../../../aggregator/scrape/series/selector.ts";

const up = { __name__: "up", job: "node", instance: 'a"b' };

test.for([
  ["up", true],
  ["up{}", true],
  ["down", false],
  ['{job="node"}', true],
  ['up{job!="node"}', false],
  ['{__name__=~"u.", job=~"n|node",}', true],
  ['{job=~"nod"}', false],
  ["{job!~`x.*`,job='node'}", true],
  ['{instance="a\\"b"}', true],
  ['{job="node",absent=""}', true],
] as const)("%s", ([text, fits]) => {
  expect(parseSelector(text)(up)).toBe(fits);
});

test.for(["", "{}", '{a=""}', "up{", 'up{a="b"', "up}", '{a=~"("}', 'up{a "b"}', "1up"])(
  "%s is refused",
  (text) => {
    expect(() => parseSelector(text)).toThrow(Error);
  },
);
