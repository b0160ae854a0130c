import type { Event } from "../../wire/events/event.ts";
import { type Fleet, NO_FLEET } from "./fleet.ts";
import type { Choice, Item } from "./listing.ts";
import type { Row } from "./row.ts";

/** How it stands with the server. */
export type Connection =
  | { readonly kind: "live" }
  /** `cause` is a text of whatever came from outside. */
  | { readonly kind: "lost"; readonly since: number; readonly cause: string };

/** How large the terminal is, in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A container that is looked at by itself. */
export interface Detail {
  /** As it was last seen. */
  readonly row: Row;
  /** Unix milliseconds of the first pass without it. */
  readonly goneSince?: number;
  /** How far its text is moved up. */
  readonly scroll: number;
  /** Its newest events, the newest last; undefined until they are there. */
  readonly events?: readonly Event[];
}

/** Everything that the screen shows. Never changed: each key and each pass makes another one. */
export interface State {
  readonly url: string;
  readonly size: Size;
  readonly isAscii: boolean;
  readonly connection: Connection;
  /** Of the newest pass. */
  readonly newest: Fleet;
  /** What is shown: the newest, or what it was when it was held. */
  readonly fleet: Fleet;
  readonly isHeld: boolean;
  readonly choice: Choice;
  /** What is chosen of the fleet, and the lines made of it. */
  readonly rows: readonly Row[];
  readonly items: readonly Item[];
  /** Key of the item that is selected; it stays with it wherever it goes. */
  readonly selected: string | undefined;
  /** Where it stands, and which item stands first on the screen. */
  readonly place: number;
  readonly first: number;
  readonly isTyping: boolean;
  readonly isHelp: boolean;
  readonly hasEvents: boolean;
  /** The newest last. */
  readonly events: readonly Event[];
  readonly detail: Detail | undefined;
  readonly isOver: boolean;
}

/** What is shown before anything was heard. */
export function firstState(url: string, choice: Choice, size: Size, isAscii: boolean): State {
  return {
    url,
    size,
    isAscii,
    choice,
    connection: { kind: "live" },
    newest: NO_FLEET,
    fleet: NO_FLEET,
    isHeld: false,
    rows: [],
    items: [],
    selected: undefined,
    place: 0,
    first: 0,
    isTyping: false,
    isHelp: false,
    hasEvents: false,
    events: [],
    detail: undefined,
    isOver: false,
  };
}

/** Lines above the table: the summary and the names of the columns. */
export const HEAD_LINES = 2;
/** Lines below everything: the keys, or what is typed. */
export const FOOT_LINES = 1;

/** Lines of the events below the table, their title included. */
export function eventLines({ hasEvents, size }: State): number {
  return hasEvents ? Math.max(0, Math.min(10, Math.floor((size.rows - 3) / 3))) : 0;
}

/** How many items the screen has room for. */
export function bodyLines(state: State): number {
  return Math.max(1, state.size.rows - HEAD_LINES - FOOT_LINES - eventLines(state));
}
