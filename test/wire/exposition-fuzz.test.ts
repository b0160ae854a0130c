import { expect, test } from "vitest";

import { parseSample } from "../../wire/exposition/parse-sample.ts";
import { ExpositionParser } from "../../wire/exposition/parse.ts";
import { Dice } from "../agent/fuzz/mutate.ts";

/** More where somebody has the time. */
const LINES = Number(process.env["PLIMSOLL_FUZZ_LINES"] ?? 1_000_000);
const SEED = 7;

const WHOLE = [
  'container_cpu_usage_seconds_total{cpu="total",id="/a b",name="x\\"y"} 4.5e-3 1795270422108',
  'http_requests{code="200",path="C:\\\\dir\\n"} 1027',
  "up 1",
  "go_goroutines NaN",
  'latency_bucket{le="+Inf"} +Inf # {trace_id="abc"} 0.67 1520879607.789',
  "# TYPE up gauge",
  "# HELP up Whether \\\\ it is.",
] as const;

const PIECES = [
  '"',
  "\\",
  "{",
  "}",
  ",",
  "=",
  " ",
  "#",
  "\n",
  "\0",
  "1e999",
  "-",
  "NaN",
  "é",
  "\u{1F600}",
];

function spoiled(dice: Dice): string {
  let line: string = dice.pick(WHOLE);
  for (let left = dice.roll(4); left > 0; left--) {
    const at = dice.roll(line.length + 1);
    const piece = dice.roll(3) === 0 ? dice.pick(WHOLE).slice(0, dice.roll(30)) : dice.pick(PIECES);
    line = line.slice(0, at) + piece + line.slice(at + dice.roll(4));
  }
  return line;
}

/** What the grammar of the format says, told in another way: the number behind the labels. */
const PLAIN =
  /^[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\[\\n"])*",?)*\})?[ \t]+([-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,2})?)(?:[ \t]+\d{1,13})?$/;

test(
  `${LINES} spoiled lines are never thrown at, and a whole one has its number`,
  { timeout: 300_000 },
  () => {
    const dice = new Dice(SEED);
    let whole = 0;
    for (let index = 0; index < LINES; index++) {
      const line = spoiled(dice);
      const samples: number[] = [];
      const parser = new ExpositionParser(index % 2 === 0 ? "prometheus" : "openmetrics", {
        sample: ({ name, labels, value }) => {
          if (name === "" || new Set(labels.map(([label]) => label)).size !== labels.length) {
            throw new Error(`seed ${SEED}, line ${index}: ${JSON.stringify(line)}`);
          }
          samples.push(value);
        },
      });
      const cut = dice.roll(line.length + 1);
      parser.push(line.slice(0, cut));
      parser.push(`${line.slice(cut)}\n`);
      parser.end();
      const [, number] = line.includes("\n") ? [] : (PLAIN.exec(line) ?? []);
      // A label that stands there twice is wrong, though it looks right.
      if (number === undefined || parseSample(line, "prometheus") === undefined) continue;
      whole++;
      if (samples[0] !== Number(number)) {
        throw new Error(`seed ${SEED}, line ${index}: ${JSON.stringify(line)} is ${samples[0]}`);
      }
    }
    expect(whole).toBeGreaterThan(LINES / 20);
  },
);
