import * as fc from "fast-check";
import { expect, test } from "vitest";

import { COLUMNS } from "../../../aggregator/web/columns.ts";
import { encodeView, parseView, sortAfterClick, type View } from "../../../aggregator/web/view.ts";

const plain: View = { search: "", sort: { column: "cpu", descending: true }, all: false };

test("the plain view leaves no trace in the URL", () => {
  expect(encodeView(plain)).toBe("");
  expect(parseView("")).toEqual(plain);
});

test("the URL of a view is made to be read", () => {
  const view: View = {
    search: "shop web",
    sort: { column: "memory", descending: false },
    all: true,
    selected: { id: "/docker/810c", node: "host-1" },
  };
  expect(encodeView(view)).toBe("?q=shop+web&sort=memory&all=1&id=%2Fdocker%2F810c&node=host-1");
});

test("every view comes back from its URL as it was", () => {
  const text = fc.string({ unit: "grapheme" });
  const views = fc.record({
    search: text,
    sort: fc.record({
      column: fc.constantFrom(...COLUMNS.map(({ key }) => key)),
      descending: fc.boolean(),
    }),
    all: fc.boolean(),
    selected: fc.oneof(fc.record({ id: text }), fc.record({ id: text, node: text })),
  });
  fc.assert(
    fc.property(views, (view) => {
      expect(parseView(encodeView(view))).toEqual(view);
    }),
  );
});

test("what a URL holds wrongly is as if it were not there", () => {
  expect(parseView("?sort=-nonsense&all=yes&node=host-1&other=1")).toEqual(plain);
  expect(parseView("?sort=")).toEqual(plain);
});

test("a click turns the order round; a new column begins with names from A and numbers from the top", () => {
  expect(sortAfterClick(plain.sort, "cpu")).toEqual({ column: "cpu", descending: false });
  expect(sortAfterClick(plain.sort, "memory")).toEqual({ column: "memory", descending: true });
  expect(sortAfterClick(plain.sort, "name")).toEqual({ column: "name", descending: false });
});
