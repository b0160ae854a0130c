import { SORT_KEYS } from "./columns.ts";
import { nextGrouping } from "./grouping.ts";
import type { Key, KeyName } from "./keys.ts";
import type { Choice } from "./listing.ts";
import { bodyLines, type State } from "./state.ts";

type Press = (state: State) => State;

const LONGEST_FILTER = 200;

/** What a key does. */
export function pressed(state: State, key: Key): State {
  if ("name" in key && key.name === "interrupt") return { ...state, isOver: true };
  // Every key closes the help, as most press the one that they were looking for.
  if (state.isHelp) return { ...state, isHelp: false };
  if (state.isTyping) return typed(state, key);
  if ("text" in key)
    return (state.detail === undefined ? letters : detailLetters)[key.text]?.(state) ?? state;
  return (state.detail === undefined ? keys : detailKeys)[key.name]?.(state) ?? state;
}

function chosen(state: State, change: Partial<Choice>): State {
  return { ...state, choice: { ...state.choice, ...change } };
}

function typed(state: State, key: Key): State {
  const { filter } = state.choice;
  if ("name" in key) return typingKeys[key.name]?.(state) ?? state;
  return filter.length >= LONGEST_FILTER ? state : chosen(state, { filter: filter + key.text });
}

function withoutLast(text: string): string {
  return Array.from(text).slice(0, -1).join("");
}

function move(by: (state: State) => number): Press {
  return (state) => {
    const last = Math.max(0, state.items.length - 1);
    const place = Math.max(0, Math.min(last, state.place + by(state)));
    return { ...state, place, selected: state.items[place]?.key };
  };
}

function scroll(by: (state: State) => number): Press {
  return (state) => {
    if (state.detail === undefined) return state;
    // Its end is known to who has laid it out.
    const place = Math.max(0, state.detail.scroll + by(state));
    return { ...state, detail: { ...state.detail, scroll: place } };
  };
}

function sortBy(step: number): Press {
  return (state) => {
    const place = SORT_KEYS.indexOf(state.choice.sort) + step + SORT_KEYS.length;
    const sort = SORT_KEYS[place % SORT_KEYS.length] ?? "name";
    // Each column begins the way that is most asked for.
    return chosen(state, { sort, isReverse: false });
  };
}

function open(state: State): State {
  const item = state.items[state.place];
  if (item === undefined) return state;
  if (item.kind === "group") return fold(state, !item.isFolded);
  return { ...state, detail: { row: item.row, scroll: 0 } };
}

/** Hides or shows the members of the group that is selected, or that the selected container is in. */
function fold(state: State, isFolded: boolean): State {
  const before = state.items.slice(0, state.place + 1);
  const head = before.findLast(({ kind }) => kind === "group");
  if (head?.kind !== "group") return state;
  const folded = new Set(state.choice.folded);
  if (isFolded) folded.add(head.group.name);
  else folded.delete(head.group.name);
  return { ...chosen(state, { folded }), selected: isFolded ? head.key : state.selected };
}

function hold(state: State): State {
  return state.isHeld
    ? { ...state, isHeld: false, fleet: state.newest }
    : { ...state, isHeld: true };
}

function group(state: State): State {
  const grouping = nextGrouping(state.fleet.rows.values(), state.choice.grouping);
  return chosen(state, { grouping, folded: new Set() });
}

const page = (state: State): number => bodyLines(state) - 1;
const everything = (): number => Number.MAX_SAFE_INTEGER;

const help: Press = (state) => ({ ...state, isHelp: true });
const quit: Press = (state) => ({ ...state, isOver: true });
const events: Press = (state) => ({ ...state, hasEvents: !state.hasEvents });
const close: Press = (state) => ({ ...state, detail: undefined });

/** Without another level to go back to, what was filtered is given back. */
const clearFilter: Press = (state) => chosen(state, { filter: "" });

const letters: Readonly<Record<string, Press>> = {
  j: move(() => 1),
  k: move(() => -1),
  G: move(everything),
  "/": (state) => ({ ...state, isTyping: true }),
  s: sortBy(1),
  ">": sortBy(1),
  "<": sortBy(-1),
  r: (state) => chosen(state, { isReverse: !state.choice.isReverse }),
  g: group,
  a: (state) => chosen(state, { isAll: !state.choice.isAll }),
  e: events,
  " ": hold,
  "?": help,
  h: help,
  q: quit,
};

const keys: Readonly<Partial<Record<KeyName, Press>>> = {
  up: move(() => -1),
  down: move(() => 1),
  page_up: move((state) => -page(state)),
  page_down: move(page),
  home: move(() => -everything()),
  end: move(everything),
  left: (state) => fold(state, true),
  right: (state) => fold(state, false),
  enter: open,
  escape: clearFilter,
};

const typingKeys: Readonly<Partial<Record<KeyName, Press>>> = {
  backspace: (state) => chosen(state, { filter: withoutLast(state.choice.filter) }),
  clear: clearFilter,
  enter: (state) => ({ ...state, isTyping: false }),
  escape: (state) => clearFilter({ ...state, isTyping: false }),
  up: move(() => -1),
  down: move(() => 1),
  page_up: move((state) => -page(state)),
  page_down: move(page),
};

const detailLetters: Readonly<Record<string, Press>> = {
  j: scroll(() => 1),
  k: scroll(() => -1),
  " ": hold,
  "?": help,
  h: help,
  q: quit,
};

const detailKeys: Readonly<Partial<Record<KeyName, Press>>> = {
  up: scroll(() => -1),
  down: scroll(() => 1),
  page_up: scroll((state) => -page(state)),
  page_down: scroll(page),
  home: scroll(() => -everything()),
  escape: close,
  backspace: close,
  left: close,
};
