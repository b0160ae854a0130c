import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Page } from "../../wire/exposition/page.ts";

describe("a page", () => {
  it("is what was written, whatever its size and letters", () => {
    const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 200 }), { maxLength: 50 });
    fc.assert(
      fc.property(texts, (parts) => {
        const page = new Page();
        for (const part of parts) page.write(part);
        expect(page.finish().toString()).toBe(parts.join(""));
        expect(page.length).toBe(Buffer.byteLength(parts.join("")));
      }),
    );
  });

  it("grows beyond the size that was expected", () => {
    const page = new Page(10);
    for (let count = 0; count < 10_000; count++) page.write("0123456789é\n");
    expect(page.finish().toString()).toBe("0123456789é\n".repeat(10_000));
  });
});
