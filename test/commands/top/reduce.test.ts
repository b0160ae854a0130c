import { describe, expect, it } from "vitest";

import type { State } from "../../../commands/top/state.ts";
import type { Event } from "../../../wire/events/event.ts";
import { answer, container, timeOf } from "./answers.ts";
import { after, begin, press, typeFilter } from "./screens.ts";

const shop = { groups: { compose_project: "shop" } };
const containers = [
  container("web", { cpu_cores: 0.5, memory_working_set_bytes: 3e6 }, shop),
  container("db", { cpu_cores: 2, memory_working_set_bytes: 1e6 }, shop),
  container("cache", { memory_working_set_bytes: 2e6 }),
  container("/system.slice", { cpu_cores: 9 }, { runtime: undefined } as object),
];

const start = after(begin(), { kind: "answer", answer: answer(containers) });

const names = ({ items }: State): string[] =>
  items.map((item) => (item.kind === "container" ? item.row.name : `[${item.group.name}]`));

const selected = ({ items, place }: State): string | undefined => names({ items } as State)[place];

describe("the list", () => {
  it("begins with who uses most; the unknown is last, and plain cgroups are not shown", () => {
    expect(names(start)).toEqual(["db", "web", "cache"]);
    expect(names(press(start, "a"))).toEqual(["/system.slice", "db", "web", "cache"]);
  });

  it("is sorted by each column, the other way too; the unknown stays last", () => {
    expect(names(press(start, "r"))).toEqual(["web", "db", "cache"]);
    expect(names(press(start, "s", "s"))).toEqual(["web", "cache", "db"]);
    expect(names(press(start, "<", "<", "<"))).toEqual(["cache", "db", "web"]);
    const around = Array.from({ length: 15 }, () => ">");
    expect(press(start, ...around).choice.sort).toBe("cpu");
  });

  it("is filtered while one types, and whole again", () => {
    const typed = press(start, "/", "c", "h", "e");
    expect(names(typed)).toEqual(["cache"]);
    expect(names(press(typed, "backspace", "backspace", "backspace"))).toHaveLength(3);
    const entered = press(typed, "enter", "q");
    expect([entered.isTyping, entered.isOver]).toEqual([false, true]);
    expect(names(press(typed, "enter", "escape"))).toHaveLength(3);
    expect(names(press(typed, "escape"))).toHaveLength(3);
    // Letters are no commands while one types.
    expect(press(start, "/", "q").isOver).toBe(false);
  });

  it("finds by group and node, which must stand there as they are", () => {
    expect(names(typeFilter(start, "shop"))).toEqual(["db", "web"]);
    expect(names(typeFilter(start, "spo"))).toEqual([]);
    expect(names(typeFilter(start, "host-1 w"))).toEqual(["web"]);
  });
});

describe("the selection", () => {
  it("moves, and stops at both ends", () => {
    expect(selected(press(start, "j"))).toBe("web");
    expect(selected(press(start, "down", "down", "down", "down"))).toBe("cache");
    expect(selected(press(start, "end", "k"))).toBe("web");
    expect(selected(press(start, "end", "home"))).toBe("db");
  });

  it("stays with its container wherever that goes", () => {
    const chosen = press(start, "j");
    const busy = [container("web", { cpu_cores: 9 }), ...containers.slice(1)];
    const next = after(chosen, { kind: "answer", answer: answer(busy, 1) });
    expect([names(next)[0], selected(next)]).toEqual(["web", "web"]);
  });

  it("goes to the neighbour when its container is gone, and to none where nobody is left", () => {
    const chosen = press(start, "j");
    const next = after(chosen, {
      kind: "answer",
      answer: answer([containers[1]!, containers[2]!], 1),
    });
    expect(selected(next)).toBe("cache");
    const empty = after(next, { kind: "answer", answer: answer([], 2) });
    expect([empty.items, empty.selected, empty.place]).toEqual([[], undefined, 0]);
    expect(press(empty, "enter", "left", "j", "end").detail).toBeUndefined();
  });

  it("is always on the screen", () => {
    const many = Array.from({ length: 2000 }, (_, n) => container(`c${n}`, { cpu_cores: n }));
    let state = after(begin(100, 12), { kind: "answer", answer: answer(many) });
    state = press(state, "end");
    expect([selected(state), state.first]).toEqual(["c0", 2000 - 9]);
    state = press(state, "page_up", "page_up");
    expect(state.place - state.first).toBeLessThan(9);
    state = after(state, { kind: "size", size: { columns: 20, rows: 4 } });
    expect(state.place - state.first).toBe(0);
  });
});

describe("the tree", () => {
  const tree = press(start, "g");

  it("has the groups that there are, the rest last", () => {
    expect(names(tree)).toEqual(["[shop]", "db", "web", "[]", "cache"]);
    expect(press(tree, "g").choice.grouping).toBe("node");
    expect(press(tree, "g", "g", "g").choice.grouping).toBe("none");
  });

  it("sums up", () => {
    const [item] = tree.items;
    expect(item?.kind === "group" ? item.group.sum : undefined).toMatchObject({
      cpuCores: 2.5,
      memoryBytes: 4e6,
      receive: undefined,
    });
  });

  it("folds and unfolds, from a member too", () => {
    const folded = press(tree, "home", "enter");
    expect(names(folded)).toEqual(["[shop]", "[]", "cache"]);
    expect(names(press(folded, "enter"))).toEqual(names(tree));
    const member = press(tree, "home", "j", "left");
    expect([names(member), selected(member)]).toEqual([["[shop]", "[]", "cache"], "[shop]"]);
    expect(names(press(member, "right"))).toEqual(names(tree));
  });
});

describe("holding", () => {
  it("keeps what is shown, and goes on with what is new", () => {
    const held = after(press(start, " "), { kind: "answer", answer: answer([], 1) });
    expect(names(held)).toHaveLength(3);
    expect(names(press(held, " "))).toEqual([]);
  });
});

describe("a container by itself", () => {
  const looked = press(start, "enter");

  it("is opened and left", () => {
    expect(looked.detail?.row.name).toBe("db");
    expect(press(looked, "escape").detail).toBeUndefined();
    expect(press(looked, "?").isHelp).toBe(true);
    expect(press(looked, "q").isOver).toBe(true);
  });

  it("stays as it was last seen when it is gone, and says since when", () => {
    const gone = after(looked, { kind: "answer", answer: answer([containers[0]!], 3) });
    expect(gone.detail).toMatchObject({ goneSince: Date.parse(timeOf(3)), row: { name: "db" } });
    const later = after(gone, { kind: "answer", answer: answer([containers[0]!], 4) });
    expect(later.detail?.goneSince).toBe(Date.parse(timeOf(3)));
    const back = after(later, { kind: "answer", answer: answer(containers, 5) });
    expect(back.detail?.goneSince).toBeUndefined();
  });

  it("does not move its text further than that is long", () => {
    const down = press(looked, "page_down", "page_down", "page_down", "page_down");
    const further = press(down, "page_down");
    expect(further.detail?.scroll).toBe(down.detail?.scroll);
    expect(press(further, "up").detail?.scroll).toBe((down.detail?.scroll ?? 0) - 1);
  });

  it("has its own events, and takes up those that come", () => {
    const key = looked.detail?.row.key ?? "";
    const asked = after(looked, { kind: "detail_events", key, events: [event("1", "db")] });
    const more = after(asked, {
      kind: "events",
      events: [event("1", "db"), event("2", "db"), event("3", "web")],
    });
    expect(more.detail?.events?.map(({ id }) => id)).toEqual(["1", "2"]);
    expect(more.events.map(({ id }) => id)).toEqual(["1", "2", "3"]);
    const other = after(asked, { kind: "detail_events", key: "another", events: [] });
    expect(other.detail?.events).toHaveLength(1);
  });
});

function event(id: string, name: string): Event {
  return {
    id,
    time: timeOf(1),
    node: "host-1",
    type: "started",
    container: { id: `/docker/${name}`, name, labels: {}, groups: {} },
    details: {},
  };
}

describe("the end", () => {
  it.each([["q"], ["interrupt"]])("comes by %s", (key) => {
    expect(press(start, key).isOver).toBe(true);
  });

  it("comes by Ctrl-C while one types or reads the help too", () => {
    expect(press(start, "/", "interrupt").isOver).toBe(true);
    expect(press(start, "?", "interrupt").isOver).toBe(true);
    expect(press(start, "?", "x").isHelp).toBe(false);
  });
});
