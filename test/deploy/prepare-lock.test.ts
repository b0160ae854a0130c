import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { expect, onTestFinished, test } from "vitest";

const lockModule = path.resolve(import.meta.dirname, "../../deploy/prepare-lock.mjs");

// Holds the lock for a moment, and writes down when it came and went.
const holder = `
  import { appendFileSync } from "node:fs";
  import { takeLock } from ${JSON.stringify(lockModule)};
  await takeLock("lock");
  appendFileSync("log", "in " + process.pid + "\\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  appendFileSync("log", "out " + process.pid + "\\n");`;

async function hold(folder: string): Promise<number | null> {
  const args = ["--input-type=module", "--eval", holder];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: "ignore" });
  const [code]: (number | null)[] = await once(child, "exit");
  return code ?? null;
}

test("several at once hold the lock one after the other, although a dead one left it behind", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "plimsoll-lock-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, "lock"), "4194305 1");

  const codes = await Promise.all([hold(folder), hold(folder), hold(folder), hold(folder)]);

  expect(codes).toEqual([0, 0, 0, 0]);
  const lines = (await readFile(path.join(folder, "log"), "utf8")).trim().split("\n");
  expect(lines).toHaveLength(8);
  for (let index = 0; index < lines.length; index += 2) {
    expect(lines[index + 1]).toBe(lines[index]?.replace("in", "out"));
  }
  expect(existsSync(path.join(folder, "lock"))).toBe(false);
});
