import { expect, test } from "vitest";

import {
  countRows,
  findRows,
  isContainer,
  keyOf,
  rowsOf,
  sortRows,
} from "../../../aggregator/web/rows.ts";
import type { View } from "../../../aggregator/web/view.ts";
import type { ContainerStats } from "../../../wire/stats/answer.ts";
import { aCgroup, aContainer } from "./canned.ts";

const names = (rows: readonly ContainerStats[]): string[] => rows.map(({ name }) => name);

const rows = [
  aContainer({ name: "web-10", latest: { cpu_cores: 0.5 } }),
  aContainer({ name: "web-2", latest: { cpu_cores: 0.5 }, node: "host-2" }),
  aContainer({ name: "db", latest: { cpu_cores: 2 }, image: "postgres:18" }),
  aContainer({ name: "odd", latest: {} }),
  aCgroup("/system.slice"),
];

const view: View = { search: "", sort: { column: "cpu", descending: true }, all: false };

test("numbers order the rows, equal ones by name as people count, absent ones last both ways", () => {
  const down = sortRows(rows.slice(0, 4), { column: "cpu", descending: true });
  expect(names(down)).toEqual(["db", "web-2", "web-10", "odd"]);
  const up = sortRows(rows.slice(0, 4), { column: "cpu", descending: false });
  expect(names(up)).toEqual(["web-2", "web-10", "db", "odd"]);
});

test("names order the rows", () => {
  expect(names(sortRows(rows, { column: "name", descending: false }))).toEqual([
    "/system.slice",
    "db",
    "odd",
    "web-2",
    "web-10",
  ]);
});

test("sorting leaves the answer as it is", () => {
  const before = names(rows);
  sortRows(rows, { column: "name", descending: true });
  expect(names(rows)).toEqual(before);
});

test("a search finds every word anywhere in name, node, image, path or group", () => {
  expect(names(findRows(rows, "WEB host-2"))).toEqual(["web-2"]);
  expect(names(findRows(rows, "postgres"))).toEqual(["db"]);
  expect(names(findRows([aContainer({ groups: { stack: "shop" } })], "shop"))).toEqual(["web"]);
  expect(names(findRows(rows, "  "))).toHaveLength(rows.length);
  expect(names(findRows(rows, "web postgres"))).toEqual([]);
  expect(names(findRows([aContainer({ name: "a.*(b" })], ".*("))).toEqual(["a.*(b"]);
});

test("plain cgroups are shown when asked for, or when there is no container", () => {
  expect(names(rowsOf(rows, view))).not.toContain("/system.slice");
  expect(names(rowsOf(rows, { ...view, all: true }))).toContain("/system.slice");
  expect(names(rowsOf([aCgroup("/a"), aCgroup("/b")], view))).toEqual(["/a", "/b"]);
});

test("nodes, containers and cgroups are counted", () => {
  expect(countRows(rows)).toEqual({ nodes: 2, containers: 4, cgroups: 5 });
  expect(countRows([])).toEqual({ nodes: 0, containers: 0, cgroups: 0 });
  expect(isContainer(aCgroup("/"))).toBe(false);
});

test("the same cgroup on two nodes is two rows, and no node is not a node without a name", () => {
  const keys = [{ id: "/a", node: "h" }, { id: "/a", node: "" }, { id: "/a" }].map(keyOf);
  expect(new Set(keys).size).toBe(3);
});
