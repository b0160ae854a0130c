import { createRequire } from "node:module";

import type * as Re2 from "re2js";

import { messageOf } from "../../lib/errors.ts";

// Costs a megabyte of memory, and many a configuration has none but the simplest patterns.
const load: (name: string) => typeof Re2 = createRequire(import.meta.url);

/** What a pattern has found: the whole text and its groups, by number and by name. */
export interface Found {
  /** The text of a group; undefined if there is none of that name or it took no part. */
  group(name: string): string | undefined;
}

/** A regular expression that takes a whole text or nothing of it. */
export interface AnchoredPattern {
  readonly source: string;
  test(text: string): boolean;
  find(text: string): Found | undefined;
}

/** Words with bars between them, which is what most patterns are. */
const plainWords = /^[\w:-]*(?:\|[\w:-]*)*$/u;

const wholeText = "(.*)";

/**
 * An expression in RE2's syntax, as Prometheus takes it: anchored at both ends, a dot takes a line
 * end too. Its time is linear in the text's length, whoever wrote it. Throws Error that says what is
 * wrong with it. https://github.com/google/re2/wiki/Syntax
 */
export function compileAnchored(source: string): AnchoredPattern {
  if (source === wholeText) return everything;
  if (plainWords.test(source)) return oneOf(source);
  const { RE2JS } = load("re2js");
  try {
    return compiled(source, RE2JS.compile(`^(?s:${source})$`));
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}

const everything: AnchoredPattern = {
  source: wholeText,
  test: () => true,
  find: (text) => ({ group: (name) => (name === "0" || name === "1" ? text : undefined) }),
};

function oneOf(source: string): AnchoredPattern {
  const words = new Set(source.split("|"));
  return {
    source,
    test: (text) => words.has(text),
    find: (text) =>
      words.has(text) ? { group: (name) => (name === "0" ? text : undefined) } : undefined,
  };
}

function compiled(source: string, pattern: Re2.RE2JS): AnchoredPattern {
  const names = pattern.namedGroups();
  const groups = pattern.groupCount();
  const numberOf = (name: string): number =>
    /^\d+$/u.test(name) ? Number(name) : Object.hasOwn(names, name) ? (names[name] ?? -1) : -1;
  return {
    source,
    test: (text) => pattern.test(text),
    find(text) {
      const matcher = pattern.matcher(text);
      if (!matcher.find()) return undefined;
      return {
        group(name) {
          const number = numberOf(name);
          return number < 0 || number > groups ? undefined : (matcher.group(number) ?? undefined);
        },
      };
    },
  };
}
