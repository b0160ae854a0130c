import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";

import { containerStats } from "../../../wire/stats/answer.ts";
import { encodeCsv } from "../../../wire/stats/csv.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";
import { subjectOf } from "./random-rings.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plimsoll-csv-"));
});

afterAll(() => rm(folder, { recursive: true }));

const query = parseStatsQuery({ metrics: "cpu_cores,memory_swap_bytes", stat: "avg,p95" });

/** A table as a program that is not ours reads it, every cell as text. */
async function readTable(csv: string): Promise<Record<string, unknown>[]> {
  const file = join(folder, "table.csv");
  await writeFile(file, csv);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `FROM read_csv('${file}', header = true, all_varchar = true, auto_detect = false,
        delim = ',', quote = '"', escape = '"', new_line = '\\r\\n',
        columns = {${columnsOf(csv)}})`,
    );
    return reader.getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function columnsOf(csv: string): string {
  const [header = ""] = csv.split("\r\n", 1);
  return header
    .split(",")
    .map((name) => `'${name}': 'VARCHAR'`)
    .join(", ");
}

const odd = ['say "hi", you', "a,b", "two\nlines", "cr\rlf", "ünïcödé", " blank ", "semi;colon"];

it("is read by others as it was meant, whatever the names", async () => {
  const containers = odd.map((name, place) =>
    containerStats(subjectOf(name, [[0], [5e8 + place]], { id: `/${place}` }), query),
  );
  const rows = await readTable(encodeCsv(containers, query));
  expect(rows.map((row) => row["name"])).toEqual(odd);
  for (const [place, row] of rows.entries()) {
    expect(row["id"]).toBe(`/${place}`);
    expect(Number(row["cpu_cores"])).toBe(containers[place]!.latest["cpu_cores"]);
    expect(Number(row["cpu_cores_avg"])).toBe(containers[place]!.window["cpu_cores"]!["avg"]);
    expect(row["node"]).toBeNull();
  }
});

it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")'])(
  "has no cell that a spreadsheet would take for a formula: %j",
  async (text) => {
    const container = containerStats(subjectOf(text, [[0], [1]], { image: text }), query);
    const [row] = await readTable(encodeCsv([container], query));
    expect([row!["name"], row!["image"]]).toEqual([`'${text}`, `'${text}`]);
  },
);

it("has one line for each container and one above, each ended as RFC 4180 has it", () => {
  const containers = ["a", "b"].map((name) => containerStats(subjectOf(name, [[0]]), query));
  const lines = encodeCsv(containers, query).split("\r\n");
  expect(lines).toHaveLength(4);
  expect(lines[3]).toBe("");
  expect(new Set(lines.slice(0, 3).map((line) => line.split(",").length)).size).toBe(1);
});
