import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { reasonOf } from "../../../agent/filesystems/failure.ts";
import { HardLinks } from "../../../agent/filesystems/hard-links.ts";
import { type Pause, type Tally, walk } from "../../../agent/filesystems/walk.ts";
import { runToEnd } from "../../testbed/child.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "plimsoll-walk-"));
});
// What is longer than any path may be is beyond rmSync.
afterEach(() => runToEnd("rm", ["-rf", root]));

function walkOf(path: string, pause: Pause = async () => {}): Promise<Tally> {
  return walk(path, { asking: () => {}, resting: () => {}, isGivenUp: false }, pause);
}

/** What the system's own program says: bytes of disk and inodes. */
async function du(path: string): Promise<Pick<Tally, "bytes" | "inodes">> {
  const ask = async (flag: string): Promise<number> =>
    Number((await runToEnd("du", ["-s", "-x", flag, path])).split("\t")[0]);
  return { bytes: await ask("--block-size=1"), inodes: await ask("--inodes") };
}

/** A directory name so many levels down. */
function deep(levels: number, name = "d"): string {
  return join(root, ...Array.from({ length: levels }, () => name));
}

it("adds up what du adds up", async () => {
  for (let number = 0; number < 300; number++) {
    const directory = join(root, `d${number % 7}`, `e${number % 11}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `f${number}`), "x".repeat(number * 97));
  }
  const tally = await walkOf(root);
  expect(tally).toMatchObject(await du(root));
  expect(tally.entries).toBe(tally.inodes);
});

it("counts the blocks of a sparse file, not its length", async () => {
  writeFileSync(join(root, "sparse"), "");
  truncateSync(join(root, "sparse"), 1e9);
  const { bytes } = await walkOf(root);
  expect(bytes).toBeLessThan(1e6);
  expect(bytes).toBe((await du(root)).bytes);
});

it("counts a file once, however many names it has", async () => {
  mkdirSync(join(root, "other"));
  for (let number = 0; number < 50; number++) {
    writeFileSync(join(root, `f${number}`), "x".repeat(10_000));
    for (const name of ["a", "b"])
      linkSync(join(root, `f${number}`), join(root, "other", name + number));
  }
  const tally = await walkOf(root);
  expect(tally).toMatchObject(await du(root));
  expect(tally.entries).toBe(152);
});

it("counts parts of a file that has more names than can be remembered", () => {
  const links = new HardLinks(1);
  const of = (ino: number): number => links.share({ ino, nlink: 4 } as never);
  expect([of(1), of(2), of(2), of(1), of(2), of(2)]).toEqual([1, 0.25, 0.25, 0, 0.25, 0.25]);
  expect([of(1), of(1)]).toEqual([0, 0]);
  // All of the first have come, so that there is room again.
  expect([of(3), of(3)]).toEqual([1, 0]);
});

it("goes as deep as there is something", async () => {
  mkdirSync(deep(300), { recursive: true });
  writeFileSync(join(deep(300), "last"), "x".repeat(5000));
  expect(await walkOf(root)).toMatchObject(await du(root));
});

it("says that a tree is too deep rather than count a part of it", async () => {
  // Longer than any path may be: made from the bottom up.
  const name = "n".repeat(200);
  const part = Array.from({ length: 15 }, () => name).join("/");
  mkdirSync(join(root, "1", part), { recursive: true });
  for (let count = 0; count < 6; count++) {
    mkdirSync(join(root, "2", part), { recursive: true });
    renameSync(join(root, "1"), join(root, "2", part, "1"));
    renameSync(join(root, "2"), join(root, "1"));
  }
  const reason = await walkOf(root).then(() => "none", reasonOf);
  expect(reason).toBe("too_deep");
});

it("follows no link", async () => {
  symlinkSync("/usr", join(root, "usr"));
  symlinkSync(root, join(root, "loop"));
  expect(await walkOf(root)).toMatchObject({ ...(await du(root)), entries: 3 });
});

it("stays on one filesystem", async () => {
  // Others are mounted in it: /dev/shm, /dev/pts.
  expect((await walkOf("/dev")).inodes).toBe((await du("/dev")).inodes);
});

it("passes over what vanishes under it", async () => {
  for (let number = 0; number < 40; number++) {
    mkdirSync(join(root, `d${number}`));
    for (let file = 0; file < 10; file++) writeFileSync(join(root, `d${number}`, `f${file}`), "x");
  }
  let pauses = 0;
  const tally = await walkOf(root, async () => {
    for (let number = 0; number < 2; number++) {
      rmSync(join(root, `d${pauses * 2 + number}`), { recursive: true, force: true });
    }
    pauses++;
  });
  expect(tally.inodes).toBeGreaterThan(100);
  expect(tally.inodes).toBeLessThanOrEqual(441);
});

it("does not go where a directory has been exchanged for a link", async () => {
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "d", "f"), "x");
  for (let number = 0; number < 200; number++) writeFileSync(join(root, `f${number}`), "");
  const before = await du(root);
  const tally = await walkOf(root, async () => {
    rmSync(join(root, "d"), { recursive: true, force: true });
    symlinkSync("/usr", join(root, "d"));
  });
  expect(tally.entries).toBe(202);
  expect(tally.inodes).toBe(before.inodes - 1);
});

it("rejects a root that is not there", async () => {
  expect(await walkOf(join(root, "none")).catch(reasonOf)).toBe("gone");
  writeFileSync(join(root, "file"), "");
  expect(await walkOf(join(root, "file")).catch(reasonOf)).toBe("gone");
});

it("ends when it is told to", async () => {
  for (let number = 0; number < 1000; number++) writeFileSync(join(root, `f${number}`), "");
  mkdirSync(deep(3), { recursive: true });
  const told = walkOf(root, async ({ entries }) => {
    if (entries > 300) throw new Error("enough");
  });
  await expect(told).rejects.toThrow("enough");
});

it("looks at no more than a few entries between two pauses", async () => {
  for (let number = 0; number < 1000; number++) writeFileSync(join(root, `f${number}`), "");
  const counts: number[] = [];
  const tally = await walkOf(root, async (_tally, entries) => void counts.push(entries));
  expect(Math.max(...counts)).toBeLessThan(256);
  expect(counts.reduce((sum, count) => sum + count)).toBe(tally.entries);
});
