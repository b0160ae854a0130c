import type { Key, KeyName } from "../../../commands/top/keys.ts";
import { layout } from "../../../commands/top/layout.ts";
import { textOf } from "../../../commands/top/line.ts";
import type { Choice } from "../../../commands/top/listing.ts";
import { type Action, reduce } from "../../../commands/top/reduce.ts";
import { firstState, type State } from "../../../commands/top/state.ts";

/** How top begins if it is told nothing. */
export const CHOICE: Choice = {
  filter: "",
  sort: "cpu",
  isReverse: false,
  grouping: "none",
  isAll: false,
  limit: undefined,
  folded: new Set(),
};

/** Before anything was heard. */
export function begin(columns = 100, rows = 12, choice: Partial<Choice> = {}): State {
  return firstState("http://127.0.0.1:8180", { ...CHOICE, ...choice }, { columns, rows }, false);
}

/** One thing after the other. */
export function after(state: State, ...actions: readonly Action[]): State {
  return actions.reduce(reduce, state);
}

const NAMES: readonly string[] = [
  "up",
  "down",
  "left",
  "right",
  "enter",
  "escape",
  "home",
  "end",
  "page_up",
  "page_down",
  "backspace",
  "interrupt",
] satisfies KeyName[];

const isName = (word: string): word is KeyName => NAMES.includes(word);

/** Keys by their names, or as they are typed. */
export function press(state: State, ...words: readonly string[]): State {
  const keys = words.map((word): Key => (isName(word) ? { name: word } : { text: word }));
  return after(state, ...keys.map((key): Action => ({ kind: "key", key })));
}

/** What somebody types after `/`. */
export function typeFilter(state: State, text: string): State {
  return press(state, "/", ...Array.from(text));
}

/** The screen as text. */
export function shown(state: State): string {
  return layout(state)
    .map((line) => textOf(line).trimEnd())
    .join("\n");
}
