/**
 * Prometheus's text format 0.0.4 and OpenMetrics 1.0, as programs expose them.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

import type { ExpositionFormat } from "./encode.ts";
import { parseSample, type Sample, splitWord } from "./parse-sample.ts";

const TYPES = {
  counter: "counter",
  gauge: "gauge",
  histogram: "histogram",
  summary: "summary",
  untyped: "unknown",
  unknown: "unknown",
  info: "info",
  stateset: "stateset",
  gaugehistogram: "gaugehistogram",
} as const;

/** What a family says it is; `untyped` of the one format is `unknown` in the other. */
export type ExposedType = (typeof TYPES)[keyof typeof TYPES];

/** Told what stands on a page, line by line. */
export interface ExpositionReader {
  sample(sample: Sample): void;
  type?(family: string, type: ExposedType): void;
  help?(family: string, text: string): void;
  /** A line that is not what the format says; nothing else is told of it. */
  malformed?(line: string): void;
}

/** Longer than any line that means something. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Reads a page piece by piece. It takes only whole lines: of one that is cut or otherwise wrong it
 * says so, and goes on with the next. It never throws.
 */
export class ExpositionParser {
  readonly #format: ExpositionFormat;
  readonly #reader: ExpositionReader;
  #rest = "";
  #hasEnded = false;
  /** In the middle of a line that is too long. */
  #isSkipping = false;

  constructor(format: ExpositionFormat, reader: ExpositionReader) {
    this.#format = format;
    this.#reader = reader;
  }

  /** Takes the next piece of the page. */
  push(piece: string): void {
    let from = 0;
    for (let end = piece.indexOf("\n"); end !== -1; end = piece.indexOf("\n", from)) {
      const line = this.#rest + piece.slice(from, end);
      this.#rest = "";
      if (!this.#isSkipping) this.#line(line);
      this.#isSkipping = false;
      from = end + 1;
    }
    if (this.#isSkipping) return;
    this.#rest += piece.slice(from);
    if (this.#rest.length <= LONGEST_LINE) return;
    this.#reader.malformed?.(this.#rest.slice(0, 100));
    this.#rest = "";
    this.#isSkipping = true;
  }

  /** The page is over: a line that has no end was cut. */
  end(): void {
    if (this.#rest !== "" && !this.#hasEnded && this.#rest !== "# EOF") {
      this.#reader.malformed?.(this.#rest);
    }
    this.#rest = "";
  }

  #line(line: string): void {
    if (this.#hasEnded) return;
    const text = line.trim();
    if (text === "") return;
    if (text.startsWith("#")) this.#comment(text);
    else {
      const sample = parseSample(text, this.#format);
      if (sample === undefined) this.#reader.malformed?.(line);
      else this.#reader.sample(sample);
    }
  }

  #comment(text: string): void {
    if (text === "# EOF" && this.#format === "openmetrics") this.#hasEnded = true;
    const [mark, afterMark] = splitWord(text);
    const [keyword, afterKeyword] = splitWord(afterMark);
    if (mark !== "#" || (keyword !== "TYPE" && keyword !== "HELP")) return;
    const [family, rest] = splitWord(afterKeyword);
    const type = Object.entries(TYPES).find(([word]) => word === rest)?.[1];
    if (!NAME.test(family) || (keyword === "TYPE" && type === undefined)) {
      this.#reader.malformed?.(text);
    } else if (type !== undefined && keyword === "TYPE") this.#reader.type?.(family, type);
    else this.#reader.help?.(family, unescapeHelp(rest, this.#format));
  }
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Only OpenMetrics escapes quotes in help. */
function unescapeHelp(text: string, format: ExpositionFormat): string {
  return text.replaceAll(/\\(.)/gs, (both, escaped: string) => {
    if (escaped === "n") return "\n";
    if (escaped === "\\" || (escaped === '"' && format === "openmetrics")) return escaped;
    return both;
  });
}
