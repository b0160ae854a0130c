import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { checkImports, importsOf, processFiles, sourceFiles } from "./import-map.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A copy of one room's file with a line planted in it, and what the check says of that. */
function complaintsAfterPlanting(file: string, line: string): string[] {
  const copy = mkdtempSync(join(tmpdir(), "plimsoll-architecture-"));
  try {
    cpSync(join(ROOT, file), join(copy, file), { recursive: true });
    writeFileSync(join(copy, file), `${line}\n${readFileSync(join(ROOT, file), "utf8")}`);
    return checkImports(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

describe("the rooms", () => {
  it("import only what the map allows", () => {
    expect(checkImports(ROOT)).toEqual([]);
  });

  it("are looked at, all of them", () => {
    expect(sourceFiles(ROOT).length).toBeGreaterThan(50);
  });

  it.each([
    ["agent/collectors/cpu.ts", 'import { feed } from "../api/feed.ts";'],
    ["wire/ring.ts", 'import { Window } from "../agent/window/window.ts";'],
    ["lib/clock.ts", 'import { Ring } from "../wire/ring.ts";'],
    ["agent/main.ts", 'import { startAggregator } from "../aggregator/main.ts";'],
    ["wire/feed.ts", 'import { readFileSync } from "node:fs";'],
    ["agent/api/stats.ts", 'const late = await import("../runtimes/all.ts");'],
  ])("are guarded: a break planted in %s is found", (file, line) => {
    const complaints = complaintsAfterPlanting(file, line);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(`${file} imports ${importsOf(line)[0]}`);
  });
});

describe("the process", () => {
  it("is looked at and ended only where programs begin", () => {
    const offenders = sourceFiles(ROOT)
      .filter((file) => !processFiles.includes(file) && !file.startsWith("bench/"))
      .filter((file) =>
        /\bprocess\.(?:env|argv|exit)\b/.test(readFileSync(join(ROOT, file), "utf8")),
      );
    expect(offenders).toEqual([]);
  });

  it("starts no other processes", () => {
    const offenders = sourceFiles(ROOT)
      .filter((file) => !file.startsWith("bench/"))
      .filter((file) =>
        importsOf(readFileSync(join(ROOT, file), "utf8")).includes("node:child_process"),
      );
    expect(offenders).toEqual([]);
  });
});
