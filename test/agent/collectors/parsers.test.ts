import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseBlkio, parseIoStat } from "../../../agent/collectors/disk-io.ts";
import { parseNetDev } from "../../../agent/collectors/network.ts";

const PLACES = { Read: 0, Write: 1 };

const IO_STAT =
  "259:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=2 rios=3 wios=4\n";

/** A text with a few parts of it cut out or put in. */
function mutated(whole: string): fc.Arbitrary<string> {
  const mutation = fc.record({
    at: fc.nat({ max: whole.length }),
    remove: fc.nat({ max: 10 }),
    insert: fc.string({ unit: "binary-ascii", maxLength: 10 }),
  });
  return fc.array(mutation, { maxLength: 4 }).map((mutations) => {
    let text = whole;
    for (const { at, remove, insert } of mutations) {
      text = text.slice(0, at) + insert + text.slice(at + remove);
    }
    return text;
  });
}

function parsed(parse: (into: Map<string, Float64Array>) => void): [string, number[]][] {
  const into = new Map<string, Float64Array>();
  parse(into);
  return [...into].map(([name, values]) => [name, [...values]]);
}

describe("lines of block I/O", () => {
  it("are taken device by device", () => {
    expect(
      parsed((into) => parseBlkio("8:0 Read 1\n8:0 Write 2\n8:0 Sync 9\nTotal 3\n", PLACES, into)),
    ).toEqual([["8:0", [1, 2, NaN, NaN]]]);
    expect(parsed((into) => parseIoStat(IO_STAT, into))).toEqual([
      ["259:0", [10, 20, 1, 2]],
      ["8:0", [1, 2, 3, 4]],
    ]);
  });

  it("are passed over when they are cut", () => {
    expect(parsed((into) => parseBlkio("8:0 Read 1\n8:0 Write 2", PLACES, into))).toEqual([
      ["8:0", [1, NaN, NaN, NaN]],
    ]);
  });

  it("never make a number that a whole line does not hold, and never throw", () => {
    fc.assert(
      fc.property(mutated(IO_STAT), (text) => {
        const lines = text.split("\n").slice(0, -1);
        for (const [device, values] of parsed((into) => parseIoStat(text, into))) {
          for (const value of values) {
            if (Number.isNaN(value)) continue;
            const holds = (line: string): boolean =>
              line.startsWith(`${device} `) &&
              line
                .split(" ")
                .some(
                  (pair) =>
                    /^\d+$/.test(pair.split("=")[1] ?? "") && Number(pair.split("=")[1]) === value,
                );
            expect(lines.some(holds)).toBe(true);
          }
        }
      }),
      { numRuns: 5000 },
    );
  });
});

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
      ["eth0", [841_959_927, 23_570, 1, 2, 1_716_814, 13_907, 3, 4]],
      ["eth1", [100, 1, 0, 0, 200, 2, 0, 0]],
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
