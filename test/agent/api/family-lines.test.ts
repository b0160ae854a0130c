import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FamilyLines } from "../../../agent/api/families/family-lines.ts";
import { encodeValue } from "../../../wire/exposition/encode.ts";
import { Page } from "../../../wire/exposition/page.ts";

interface Line {
  readonly owner: string;
  readonly labels: string;
  readonly value: number;
}

/** What must stand on the page, written without any memory. */
function plain(lines: readonly Line[]): string {
  return lines
    .map(({ owner, labels, value }) => {
      const all = labels === "" ? owner : `${owner},${labels}`;
      return `f{${all}} ${encodeValue(value)}\n`;
    })
    .join("");
}

function pageWith(family: FamilyLines, lines: readonly Line[], head: string): string {
  const page = new Page();
  page.write(head);
  family.begin(page);
  for (const { owner, labels, value } of lines) family.add(owner, labels, value);
  family.end();
  page.write("# something else\n");
  const bytes = page.finish();
  family.keep(bytes);
  return bytes.toString();
}

const containers = fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 12 });
const value = fc.constantFrom(0, -0, 1, 1.5, 2 ** 53, 1e21, Number.POSITIVE_INFINITY);

const pageOf = fc.tuple(
  containers,
  fc.boolean(),
  fc.array(value, { minLength: 24, maxLength: 24 }),
);

describe("the lines of a family", () => {
  it("are the same as if each page had been written anew, whoever comes, goes or changes", () => {
    fc.assert(
      fc.property(fc.array(pageOf, { maxLength: 6 }), fc.string(), (pages, head) => {
        const family = new FamilyLines("f");
        for (const [ids, isSorted, values] of pages) {
          const order = isSorted ? ids.toSorted((a, b) => a - b) : ids;
          const lines = order.flatMap((id) =>
            (id % 3 === 0 ? [""] : [`device="ü${id}"`, 'device="b"']).map((labels, index) => ({
              owner: `id="/${id}"`,
              labels,
              value: values[id + index] ?? 0,
            })),
          );
          expect(pageWith(family, lines, head)).toBe(`${head}${plain(lines)}# something else\n`);
        }
      }),
    );
  });

  it("are written anew after a page that was not finished", () => {
    const family = new FamilyLines("f");
    const lines = [{ owner: 'id="/a"', labels: "", value: 1 }];
    pageWith(family, lines, "");
    family.begin(new Page());
    family.add('id="/a"', "", 2);
    expect(pageWith(family, lines, "# head\n")).toBe(`# head\n${plain(lines)}# something else\n`);
  });

  it("end with the text that is asked for, the same value or not", () => {
    const family = new FamilyLines("f");
    for (const time of [1, 2]) {
      const page = new Page();
      family.begin(page);
      family.add('id="/a"', "", 5, `5 ${time}\n`);
      family.end();
      const bytes = page.finish();
      family.keep(bytes);
      expect(bytes.toString()).toBe(`f{id="/a"} 5 ${time}\n`);
    }
  });
});
