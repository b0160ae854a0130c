import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Key, KeyReader } from "../../../commands/top/keys.ts";

function read(...pieces: string[]): (string | undefined)[] {
  const reader = new KeyReader();
  return pieces.flatMap((piece) => reader.push(piece)).map(nameOf);
}

const nameOf = (key: Key): string => ("name" in key ? key.name : key.text);

describe("the keys", () => {
  it.each([
    ["\u001B[A", "up"],
    ["\u001B[B", "down"],
    ["\u001BOA", "up"],
    ["\u001BOC", "right"],
    ["\u001B[D", "left"],
    ["\u001B[5~", "page_up"],
    ["\u001B[6~", "page_down"],
    ["\u001B[H", "home"],
    ["\u001B[1~", "home"],
    ["\u001B[4~", "end"],
    ["\r", "enter"],
    ["\n", "enter"],
    ["\u007F", "backspace"],
    ["\u0008", "backspace"],
    ["\u0003", "interrupt"],
    ["\u001A", "suspend"],
    ["q", "q"],
    ["€", "€"],
    ["名", "名"],
    ["😀", "😀"],
  ])("%j is %s", (bytes, name) => {
    expect(read(bytes)).toEqual([name]);
  });

  it("are found in what comes at once", () => {
    expect(read("j\u001B[Bk\u001B[A/web\r")).toEqual([
      "j",
      "down",
      "k",
      "up",
      "/",
      "w",
      "e",
      "b",
      "enter",
    ]);
  });

  it("are put together from pieces", () => {
    expect(read("\u001B", "[", "5", "~", "x")).toEqual(["page_up", "x"]);
  });

  it("are Escape where nothing follows, and not where something does", () => {
    const reader = new KeyReader();
    expect(reader.push("\u001B")).toEqual([]);
    expect(reader.isWaiting).toBe(true);
    expect(reader.flush()).toEqual([{ name: "escape" }]);
    expect(reader.isWaiting).toBe(false);
    expect(reader.push("\u001Bq").map(nameOf)).toEqual(["escape", "q"]);
    expect(reader.push("\u001B\u001B[A").map(nameOf)).toEqual(["escape", "up"]);
  });

  it("mean nothing where we know none", () => {
    expect(read("\u001B[200~", "\u001B[1;5A", "\u001B[?1u", "\u0001", "z")).toEqual(["z"]);
  });

  it("have no characters that control, and never more than a few wait, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (pieces) => {
        const reader = new KeyReader();
        const keys = pieces.flatMap((piece) => reader.push(piece));
        for (const key of keys) if ("text" in key) expect(key.text).not.toMatch(/\p{Cc}/u);
        reader.push("\u001B[".padEnd(5000, "1"));
        reader.flush();
        expect(reader.push("a").map(nameOf)).toEqual(["a"]);
      }),
    );
  });
});
