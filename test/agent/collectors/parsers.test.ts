import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseNetDev } from "../../../agent/collectors/network.ts";
import { mutated } from "./mutated.ts";

function parsed(parse: (into: Map<string, Float64Array>) => void): [string, number[]][] {
  const into = new Map<string, Float64Array>();
  parse(into);
  return [...into].map(([name, values]) => [name, [...values]]);
}

const NET_DEV =
  "  eth0: 841959927 23570 1 2 0 0 0 0 1716814 13907 3 4 0 0 0 0\n" +
  "  eth1:100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n";

describe("lines of interfaces", () => {
  const parse = (text: string): [string, number[]][] =>
    parsed((into) => {
      const bytes = new TextEncoder().encode(text);
      parseNetDev({ bytes, length: bytes.length }, into);
    });

  it("are taken interface by interface, with or without a blank behind the colon", () => {
    expect(parse(NET_DEV)).toEqual([
      ['interface="eth0"', [841_959_927, 23_570, 1, 2, 1_716_814, 13_907, 3, 4]],
      ['interface="eth1"', [100, 1, 0, 0, 200, 2, 0, 0]],
    ]);
  });

  it("never make a number that is not there, and never throw", () => {
    fc.assert(
      fc.property(mutated(NET_DEV), (text) => {
        const words = new Set(
          text
            .split(/[\s:]+/)
            .filter((word) => /^\d+$/.test(word))
            .map(Number),
        );
        for (const [, values] of parse(text)) {
          for (const value of values) expect(Number.isNaN(value) || words.has(value)).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
