import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { pino } from "pino";
import { expect, test } from "vitest";

import { Queue } from "../../../../aggregator/sinks/queue/queue.ts";
import { until } from "../../../testbed/wait.ts";
import { drain } from "./bench.ts";

const sender = fileURLToPath(new URL("sender.mjs", import.meta.url));
const KILLS = 4;

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").slice(0, -1);
}

/** Runs the sender until it has made so many more requests, and kills it wherever it is then. */
async function runAndKill(directory: string, requests: number): Promise<void> {
  const before = (await linesOf(join(directory, "requests"))).length;
  const child = spawn(process.execPath, [sender, directory], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  try {
    await until(
      "requests",
      async () => (await linesOf(join(directory, "requests"))).length >= before + requests,
      { everyMs: 3 },
    );
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

test(
  "killed again and again, a queue loses nothing and repeats the request under way at most",
  { timeout: 120_000 },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "plimsoll-killed-"));
    try {
      const ends: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        await runAndKill(directory, 20 + kill * 37);
        ends.push((await linesOf(join(directory, "requests"))).length);
      }
      const requests = (await linesOf(join(directory, "requests"))).map((line) =>
        line.split(" ").map(Number),
      );
      // What the next life repeats of the last request of the one before.
      const repeated = ends.slice(0, -1).map((end) => {
        const last = requests[end - 1] ?? [];
        const again = new Set(requests.slice(end).flat());
        return last.filter((number) => again.has(number));
      });
      const queue = await Queue.open({
        directory: join(directory, "queue"),
        limits: { maxBytes: 1 << 30, maxAge: 1e12 },
        now: Date.now,
        logger: pino({ level: "silent" }),
      });
      const taken = queue.marks.cursorOf("n")?.tick ?? 0;
      const left = await drain(queue);
      await queue.close();
      const last = requests.at(-1) ?? [];
      const lastRepeated = last.filter((number) => left.includes(number));
      const all = [...requests.flat(), ...left];
      expect(new Set(all).size).toBe(all.length - repeated.flat().length - lastRepeated.length);
      expect(taken).toBeGreaterThan(0);
      expect([...new Set(all)].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: taken }, (_, index) => index + 1),
      );
      expect(await linesOf(join(directory, "complaints"))).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);
