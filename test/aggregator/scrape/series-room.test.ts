import { describe, expect, test } from "vitest";

import { SeriesRooms } from "../../../aggregator/scrape/series/series-room.ts";

describe("memory for series", () => {
  test("is refused to who is new or grows; who has some finds it again", () => {
    const rooms = new SeriesRooms<string>(100);
    rooms.keep("old", 60);
    const old = rooms.open("old");
    expect(rooms.open("new").take(41)).toBe(false);
    expect(rooms.open("new").take(40)).toBe(true);
    expect(old.take(60)).toBe(true);
    expect(old.take(1)).toBe(false);
    expect(rooms.bytes).toBe(100);
  });

  test("counts what is being read by several at once", () => {
    const rooms = new SeriesRooms<number>(100);
    const taken = [1, 2, 3, 4].filter((target) => rooms.open(target).take(30));
    expect(taken).toEqual([1, 2, 3]);
    expect(rooms.bytes).toBe(90);
  });

  test("is free again when a page is refused, and when a target goes", () => {
    const rooms = new SeriesRooms<string>(100);
    rooms.keep("a", 50);
    const room = rooms.open("a");
    room.take(80);
    expect(rooms.bytes).toBe(80);
    room.giveBack();
    expect(rooms.bytes).toBe(50);
    rooms.keep("a", 0);
    expect(rooms.bytes).toBe(0);
    expect(rooms.open("b").take(100)).toBe(true);
  });

  test("that is kept in any case, such as for `up`, leaves less for pages", () => {
    const rooms = new SeriesRooms<string>(100);
    rooms.keep("a", 120);
    expect(rooms.open("b").take(1)).toBe(false);
    expect(rooms.open("a").take(120)).toBe(true);
  });
});
