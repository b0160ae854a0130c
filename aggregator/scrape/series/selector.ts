import type { Labels } from "../../../wire/labels.ts";
import { compileAnchored } from "../../jobs/anchored-pattern.ts";

/** Whether a series is asked for. */
export type Selector = (labels: Labels) => boolean;

const NAME = /\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*/y;
const MATCHER =
  /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)\s*/y;

/** Longer ones than anybody writes. */
const LONGEST = 10_000;

interface Matcher {
  readonly test: (value: string) => boolean;
  readonly label: string;
  /** Whether a series without the label fits too. */
  readonly takesNothing: boolean;
}

/**
 * A selector of series as Prometheus writes it: `up`, `{job="node"}`, `name{a!="b",c=~"d.*"}`.
 * Throws Error that says what is wrong with it.
 * https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors
 */
export function parseSelector(text: string): Selector {
  if (text.length > LONGEST) throw new Error(`is longer than ${LONGEST} characters`);
  NAME.lastIndex = 0;
  const name = NAME.exec(text)?.[1];
  const matchers = matchersAt(text, NAME.lastIndex);
  if (name !== undefined) matchers.push(matcherOf("__name__", "=", name));
  if (matchers.every(({ takesNothing }) => takesNothing)) {
    throw new Error("must name a metric, or have a matcher that does not fit an empty label");
  }
  return (labels) => matchers.every(({ label, test }) => test(labels[label] ?? ""));
}

function matchersAt(text: string, start: number): Matcher[] {
  const matchers: Matcher[] = [];
  if (start === text.length) return matchers;
  if (text[start] !== "{") throw new Error(`has something unexpected at character ${start + 1}`);
  let at = start + 1;
  while (!/^\s*\}\s*$/u.test(text.slice(at))) {
    MATCHER.lastIndex = at;
    const [whole, label, operator, quoted] = MATCHER.exec(text) ?? [];
    if (whole === undefined || label === undefined || quoted === undefined) {
      throw new Error(`has no matcher such as name="value" at character ${at + 1}`);
    }
    matchers.push(matcherOf(label, operator ?? "", unquote(quoted)));
    at += whole.length;
    if (text[at] === ",") at++;
    else if (text[at] !== "}") throw new Error(`has no comma or } at character ${at + 1}`);
  }
  return matchers;
}

function matcherOf(label: string, operator: string, value: string): Matcher {
  const fits = operator.endsWith("~") ? patternOf(value) : (found: string) => found === value;
  const test = operator.startsWith("!") ? (found: string): boolean => !fits(found) : fits;
  return { label, test, takesNothing: test("") };
}

function patternOf(source: string): (found: string) => boolean {
  const pattern = compileAnchored(source);
  return (found) => pattern.test(found);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith("`")) return inner;
  return inner.replaceAll(/\\(.)/gsu, (_, letter: string) => ESCAPES[letter] ?? letter);
}
