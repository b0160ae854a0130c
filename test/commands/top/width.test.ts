import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { printable } from "../../../commands/top/printable.ts";
import { cut, pad, widthOf } from "../../../commands/top/width.ts";

describe("the width of a text", () => {
  it.each([
    ["", 0],
    ["web", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["服务器", 6],
    ["サーバー", 8],
    ["ｱ", 1],
    ["서버", 4],
    ["قاعدة", 5],
    ["קוֹד", 3],
    ["ผู้", 1],
    ["😀", 2],
    ["✅", 2],
    ["▁█░", 3],
    ["…", 1],
  ])("%j is %i", (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

describe("a printable text", () => {
  it.each([
    ["\u001B[31mred\u001B]0;title\u0007", "?[31mred?]0;title?"],
    ["a\nb\rc\td", "a?b?c?d"],
    ["\u009B31m", "?31m"],
    ["worker\u202Egpj.exe", "worker?gpj.exe"],
    ["half \uD800", "half ?"],
    ["zero\u200Bwidth\u200Dand\uFE0F", "zerowidthand"],
    ["z\u0301\u0302\u0303\u0304\u0305\u0306a", "z\u0301\u0302\u0303\u0304a"],
    ["\u0301begins", "begins"],
    ["قاعدة-بيانات", "قاعدة-بيانات"],
    ["蓝色", "蓝色"],
  ])("of %j is %j", (text, clean) => {
    expect(printable(text)).toBe(clean);
  });

  it("steers no terminal, whatever it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const clean = printable(text);
        expect(clean).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u);
        expect(printable(clean)).toBe(clean);
      }),
    );
  });
});

describe("a text that is cut or padded", () => {
  it.each([
    ["container", 9, "container"],
    ["container", 5, "cont…"],
    ["服务器", 5, "服务…"],
    ["服务器", 4, "服…"],
    ["服务器", 1, "…"],
    ["x", 0, ""],
  ])("%j to %i is %j", (text, width, short) => {
    expect(cut(text, width)).toBe(short);
  });

  it("has its blanks where it is told", () => {
    expect(pad("服", 4)).toBe("服  ");
    expect(pad("12", 4, "right")).toBe("  12");
  });

  it("takes exactly the cells that it is given", () => {
    const strings = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(strings, fc.nat(30), fc.boolean(), (text, width, isLeft) => {
        expect(widthOf(pad(text, width, isLeft ? "left" : "right"))).toBe(width);
        expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});
