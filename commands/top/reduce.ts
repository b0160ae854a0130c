import type { Event } from "../../wire/events/event.ts";
import { mostScroll } from "./detail-view.ts";
import { type Fleet, takeAnswer, takeGap, takeSeries, takeUpdate } from "./fleet.ts";
import type { Key } from "./keys.ts";
import { chosenRows, itemsOf } from "./listing.ts";
import { pressed } from "./press.ts";
import { bodyLines, type Connection, type Size, type State } from "./state.ts";

/** What can happen. */
export type Action =
  | { readonly kind: "key"; readonly key: Key }
  | { readonly kind: "size"; readonly size: Size }
  | { readonly kind: "connection"; readonly connection: Connection }
  /** A whole answer of `/stats`. */
  | { readonly kind: "answer"; readonly answer: unknown }
  /** What a pass has changed. */
  | { readonly kind: "update"; readonly update: unknown }
  /** The answer of `/stats/{container}`. */
  | { readonly kind: "series"; readonly answer: unknown }
  /** The newest last. */
  | { readonly kind: "events"; readonly events: readonly Event[] }
  /** Events of the container that is looked at. */
  | { readonly kind: "detail_events"; readonly key: string; readonly events: readonly Event[] };

const MOST_EVENTS = 1000;

/** What the screen shows after something has happened. */
export function reduce(state: State, action: Action): State {
  return settled(state, applied(state, action));
}

function applied(state: State, action: Action): State {
  switch (action.kind) {
    case "key":
      return pressed(state, action.key);
    case "size":
      return { ...state, size: action.size };
    case "connection":
      return connected(state, action.connection);
    case "answer":
      return withFleet(state, takeAnswer(state.newest, action.answer));
    case "update":
      return withFleet(state, takeUpdate(state.newest, action.update));
    case "series":
      return withFleet(state, takeSeries(state.newest, action.answer));
    case "events":
      return withEvents(state, action.events);
    case "detail_events":
      if (state.detail?.row.key !== action.key) return state;
      return { ...state, detail: { ...state.detail, events: action.events } };
  }
}

function connected(state: State, connection: Connection): State {
  const isLoss = connection.kind === "lost" && state.connection.kind === "live";
  return { ...(isLoss ? withFleet(state, takeGap(state.newest)) : state), connection };
}

function withFleet(state: State, newest: Fleet): State {
  const fleet = state.isHeld ? state.fleet : newest;
  return { ...state, newest, fleet };
}

function withEvents(state: State, more: readonly Event[]): State {
  const events = joined(state.events, more);
  const { detail } = state;
  if (detail?.events === undefined) return { ...state, events };
  const about = more.filter((event) => isAbout(event, detail.row.node, detail.row.id));
  return { ...state, events, detail: { ...detail, events: joined(detail.events, about) } };
}

/** After a lost connection some are told again. */
function joined(known: readonly Event[], more: readonly Event[]): readonly Event[] {
  if (more.length === 0) return known;
  const ids = new Set(known.map(({ id }) => id));
  return [...known, ...more.filter(({ id }) => !ids.has(id))].slice(-MOST_EVENTS);
}

function isAbout({ node, container }: Event, ofNode: string, id: string): boolean {
  return container?.id === id && (node === "" || node === ofNode);
}

/** Brings what is shown into line with what it is made of. */
function settled(before: State, state: State): State {
  const { fleet, choice } = state;
  const isSame = fleet === before.fleet && choice === before.choice;
  const rows = isSame ? state.rows : chosenRows(fleet, choice);
  const items = isSame ? state.items : itemsOf(rows, choice);
  return followed(withinText(withDetail({ ...state, rows, items })), before);
}

/** Nobody moves a text further up than it is long. */
function withinText(state: State): State {
  const { detail } = state;
  if (detail === undefined || detail.scroll === 0) return state;
  return {
    ...state,
    detail: { ...detail, scroll: Math.min(detail.scroll, mostScroll(state, detail)) },
  };
}

/** The selected item is followed to where it stands now; if it is gone, who has taken its place is. */
function followed(state: State, before: State): State {
  const { items } = state;
  const isMoved = state.selected !== before.selected;
  const found = items.findIndex(({ key }) => key === state.selected);
  const place = found === -1 ? Math.max(0, Math.min(state.place, items.length - 1)) : found;
  const height = bodyLines(state);
  // A container that climbs by itself does not take the view with it, unless it would be lost.
  let first = Math.min(state.first, Math.max(0, items.length - height));
  if (place < first) first = place;
  if (place >= first + height) first = place - height + 1;
  const selected = isMoved || found === -1 ? items[place]?.key : state.selected;
  return { ...state, place, first, selected };
}

function withDetail(state: State): State {
  const { detail, fleet } = state;
  if (detail === undefined) return state;
  const row = fleet.rows.get(detail.row.key);
  if (row === detail.row) return state;
  if (row !== undefined) {
    const { goneSince: _, ...rest } = detail;
    return { ...state, detail: { ...rest, row } };
  }
  if (detail.goneSince !== undefined) return state;
  return { ...state, detail: { ...detail, goneSince: fleet.time } };
}
