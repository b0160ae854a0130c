import { isLabelKey, isLabelValue } from "./label-words.ts";
import { badRequest } from "./status.ts";

/** Whether labels fit a selector. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

/** Signs, the longer ones first, and words of everything else but blanks. */
const TOKENS = /\s+|==|!=|[=!(),<>]|[^\s=!(),<>]+/g;
const SIGNS: ReadonlySet<string> = new Set(["==", "!=", "=", "!", "(", ")", ",", "<", ">"]);

/**
 * Understands `labelSelector`; throws a 400 that says what is wrong. An empty one fits everything.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = new Tokens(text);
  if (tokens.isAtEnd()) return () => true;
  const requirements: LabelSelector[] = [];
  do requirements.push(requirement(tokens));
  while (tokens.take(","));
  if (!tokens.isAtEnd()) throw tokens.wrong("a comma or the end");
  return (labels) => requirements.every((fits) => fits(labels));
}

class Tokens {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = (text.match(TOKENS) ?? []).filter((token) => token.trim() !== "");
  }

  isAtEnd(): boolean {
    return this.#next >= this.#tokens.length;
  }

  peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  /** Takes the next token if it is this one. */
  take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#next++;
    return true;
  }

  /** Takes the next token if it is a word. */
  word(): string | undefined {
    const token = this.peek();
    if (token === undefined || SIGNS.has(token)) return undefined;
    this.#next++;
    return token;
  }

  wrong(expected: string): Error {
    const found = this.peek();
    const at = found === undefined ? "its end comes" : `"${found}" stands`;
    return refusal(this.#text, `${at} where ${expected} should be`);
  }

  refuse(problem: string): Error {
    return refusal(this.#text, problem);
  }
}

function refusal(text: string, problem: string): Error {
  return badRequest(`unable to parse labelSelector ${JSON.stringify(text)}: ${problem}`);
}

function requirement(tokens: Tokens): LabelSelector {
  if (tokens.take("!")) {
    const key = keyOf(tokens);
    return (labels) => !Object.hasOwn(labels, key);
  }
  const key = keyOf(tokens);
  const next = tokens.peek();
  if (next === undefined || next === ",") return (labels) => Object.hasOwn(labels, key);
  if (tokens.take("=") || tokens.take("==")) return isOneOf(key, [exactValue(tokens)]);
  if (tokens.take("!=")) return not(isOneOf(key, [exactValue(tokens)]));
  if (tokens.take("in")) return isOneOf(key, valueList(tokens));
  if (tokens.take("notin")) return not(isOneOf(key, valueList(tokens)));
  if (tokens.take(">")) return compared(key, wholeNumber(tokens), (a, b) => a > b);
  if (tokens.take("<")) return compared(key, wholeNumber(tokens), (a, b) => a < b);
  throw tokens.wrong("one of =, ==, !=, in, notin, <, >");
}

function isOneOf(key: string, values: readonly string[]): LabelSelector {
  return (labels) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? "");
}

/** What has no such label fits as well. */
function not(selector: LabelSelector): LabelSelector {
  return (labels) => !selector(labels);
}

function compared(
  key: string,
  limit: bigint,
  holds: (value: bigint, limit: bigint) => boolean,
): LabelSelector {
  return (labels) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value !== undefined && isWhole(value) && holds(BigInt(value), limit);
  };
}

function keyOf(tokens: Tokens): string {
  const next = tokens.peek();
  if (next === "in" || next === "notin") throw tokens.wrong("a key");
  const key = tokens.word();
  if (key === undefined) throw tokens.wrong("a key");
  if (!isLabelKey(key)) throw tokens.refuse(`"${key}" is no valid key of a label`);
  return key;
}

function checked(tokens: Tokens, value: string): string {
  if (!isLabelValue(value)) throw tokens.refuse(`"${value}" is no valid value of a label`);
  return value;
}

/** One value; nothing at all is the empty one. */
function exactValue(tokens: Tokens): string {
  const next = tokens.peek();
  if (next === undefined || next === ",") return "";
  const value = tokens.word();
  if (value === undefined) throw tokens.wrong("a value");
  return checked(tokens, value);
}

function wholeNumber(tokens: Tokens): bigint {
  const value = exactValue(tokens);
  if (!isWhole(value)) throw tokens.refuse(`"${value}" is no whole number`);
  return BigInt(value);
}

/** Digits with a sign in front at most, as long as 64 bits may be. */
function isWhole(value: string): boolean {
  return /^-?\d{1,19}$/.test(value);
}

/** `(a, b,)`: between two commas, or a comma and a bracket, stands the empty value. */
function valueList(tokens: Tokens): string[] {
  if (!tokens.take("(")) throw tokens.wrong("(");
  if (tokens.peek() === ")") throw tokens.refuse("there is no value in the brackets");
  const values: string[] = [];
  do values.push(checked(tokens, tokens.word() ?? ""));
  while (tokens.take(","));
  if (!tokens.take(")")) throw tokens.wrong("a comma or )");
  return values;
}
