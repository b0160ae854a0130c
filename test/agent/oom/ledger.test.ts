import { expect, test } from "vitest";

import { type OomKill, OomLedger } from "../../../agent/oom/ledger.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";

const HOUR = 3_600_000;

function container(id: string): Container {
  return { id, name: id, labels: {}, groups: {}, limits: NO_LIMITS };
}

/** A ledger whose passes are made by hand. */
function open(isHierarchical: boolean, kept: ReadonlySet<string> = new Set()) {
  const ledger = new OomLedger({
    isHierarchical,
    isShown: (cgroup) => !cgroup.startsWith("/hidden"),
    isKept: (cgroup) => kept.has(cgroup),
  });
  const kills: OomKill[] = [];
  ledger.onKill((kill) => kills.push(kill));
  let time = 1000;
  let pid = 0;
  return {
    ledger,
    kills,
    shown: () => Object.fromEntries([...ledger.entries()].map((one) => [one.cgroup, one.count])),
    name: (cgroup: string, oomCgroup = cgroup) => {
      ledger.named({ pid: ++pid, process: "dd" }, { cgroup, oomCgroup }, time);
    },
    gone: (cgroup: string) => {
      ledger.closed(cgroup);
      ledger.gone(cgroup, container(cgroup), time);
    },
    /** Messages, files, messages, the end. */
    pass: (
      files: Record<string, number> = {},
      messages: () => void = () => {},
      later = 1000,
      late = () => {},
    ) => {
      time += later;
      messages();
      ledger.drained();
      for (const [cgroup, value] of Object.entries(files)) ledger.read(cgroup, value);
      late();
      ledger.drained();
      ledger.settle(time);
    },
  };
}

test("what both sources tell is counted once", () => {
  const { ledger, kills, name, pass } = open(true);
  pass({ "/a": 0 });
  pass({ "/a": 1 }, () => name("/a"));
  // Killed between the messages and the file.
  pass({ "/a": 2 }, undefined, 1000, () => name("/a"));
  pass({ "/a": 2 });
  pass({ "/a": 2 });
  expect(ledger.count("/a")).toBe(2);
  expect(kills).toHaveLength(2);
  expect(ledger.unnamed).toBe(0);
});

test("kills from before the start are counted, but are no news", () => {
  const { ledger, kills, name, pass } = open(true);
  pass({ "/a": 5 });
  pass({ "/a": 5 });
  pass({ "/a": 5 });
  expect(ledger.count("/a")).toBe(5);
  expect(kills).toEqual([]);
  // Gone before its file could tell.
  pass({}, () => name("/a"));
  expect(ledger.count("/a")).toBe(6);
  expect(kills).toHaveLength(1);
});

test("kills that no message names are told by the file, a pass later", () => {
  const { kills, ledger, pass } = open(true);
  pass({ "/a": 0, "/a/b": 0 });
  // The one above was read after the kill, the other before.
  pass({ "/a/b": 0, "/a": 1 });
  pass({ "/a/b": 1, "/a": 1 });
  pass({ "/a/b": 1, "/a": 1 });
  pass({ "/a/b": 1, "/a": 1 });
  expect(kills.map(({ cgroup }) => cgroup)).toEqual(["/a/b"]);
  expect(ledger.unnamed).toBe(1);
});

test.each([true, false])("a container that starts again goes on counting (v2: %s)", (isV2) => {
  const { ledger, gone, name, pass } = open(isV2);
  pass({ "/a": 0 });
  pass({ "/a": 1 }, () => name("/a"));
  gone("/a");
  expect(ledger.count("/a")).toBe(1);
  pass({ "/a": 0 });
  expect(ledger.count("/a")).toBe(1);
  pass({ "/a": 1 }, () => name("/a"));
  pass({ "/a": 1 });
  expect(ledger.count("/a")).toBe(2);
});

test("one that starts again at once, and is killed again at once, has two kills", () => {
  const { ledger, name, pass } = open(true);
  pass({ "/a": 0 });
  pass({}, () => {
    name("/a");
    name("/a");
    ledger.closed("/a");
  });
  pass({ "/a": 1 });
  pass({ "/a": 1 });
  expect(ledger.count("/a")).toBe(2);
});

test("a kill that a message names after its cgroup has gone is counted too", () => {
  const { ledger, gone, name, pass } = open(true);
  pass({ "/a": 0 });
  gone("/a");
  expect(ledger.count("/a")).toBe(0);
  pass({}, () => name("/a"));
  expect(ledger.count("/a")).toBe(1);
});

test("on v1 the cgroups above are credited, of those that have gone too", () => {
  const { ledger, kills, gone, name, pass, shown } = open(false);
  pass({ "/": 0, "/a": 0, "/a/b": 0, "/a/c": 0 });
  pass({ "/": 0, "/a": 1, "/a/b": 2, "/a/c": 0 });
  gone("/a/b");
  pass({ "/": 0, "/a": 1, "/a/c": 0 }, () => name("/a/c/d", "/a"));
  pass({ "/": 0, "/a": 1, "/a/c": 0 });
  pass({ "/": 0, "/a": 1, "/a/c": 0 });
  expect(shown()).toEqual({ "/": 4, "/a": 4, "/a/b": 2, "/a/c": 1, "/a/c/d": 1 });
  expect(kills.map(({ cgroup }) => cgroup).toSorted()).toEqual(["/a", "/a/b", "/a/b", "/a/c/d"]);
  expect(ledger.count("/nowhere")).toBe(0);
});

test("on v2 the files count what happens below, and the root, which has none, is added up", () => {
  const { gone, name, pass, shown } = open(true);
  pass({ "/": Number.NaN, "/a": 1, "/a/b": 1, "/c": 0 });
  pass({ "/": Number.NaN, "/a": 1, "/a/b": 1, "/c": 0 }, () => name("/a/b"));
  gone("/a/b");
  pass({ "/": Number.NaN, "/a": 2, "/c": 1 }, () => name("/c"));
  pass({ "/": Number.NaN, "/a": 2, "/c": 1 });
  expect(shown()).toEqual({ "/": 3, "/a": 2, "/a/b": 2, "/c": 1 });
});

test("a cgroup without a kill is shown while it is there, one with a kill for an hour more", () => {
  const { gone, pass, shown } = open(true);
  pass({ "/a": 0, "/b": 1, "/hidden": 3 });
  expect(shown()).toEqual({ "/a": 0, "/b": 1, "/": 4 });
  gone("/a");
  gone("/b");
  pass({ "/": Number.NaN }, () => {}, HOUR - 60_000);
  expect(shown()).toEqual({ "/": 4, "/b": 1 });
  pass({ "/": Number.NaN }, () => {}, 120_000);
  expect(shown()).toEqual({ "/": 4 });
});

test("one that its engine still knows is shown for as long", () => {
  const kept = new Set(["/b"]);
  const { gone, pass, ledger } = open(true, kept);
  pass({ "/b": 1 });
  gone("/b");
  for (let hours = 0; hours < 5; hours++) pass({}, () => {}, HOUR);
  expect(ledger.count("/b")).toBe(1);
  kept.clear();
  pass({}, () => {}, HOUR / 2);
  expect(ledger.count("/b")).toBe(1);
  pass({}, () => {}, HOUR);
  expect(ledger.count("/b")).toBe(0);
});

test("no more than ten thousand that have gone are kept, the newest", () => {
  const { gone, ledger, pass } = open(true);
  for (let count = 0; count < 10_010; count++) {
    ledger.read(`/${count}`, 1);
    gone(`/${count}`);
  }
  pass({}, () => {}, 120_000);
  expect(ledger.count("/0")).toBe(0);
  expect(ledger.count("/10009")).toBe(1);
  expect([...ledger.entries()].length).toBeLessThanOrEqual(10_001);
});

test("a file that says nonsense does not stop the world", () => {
  const { kills, ledger, pass } = open(true);
  pass({ "/a": 0 });
  pass({ "/a": 1e15 });
  pass({ "/a": 1e15 });
  expect(ledger.count("/a")).toBe(1e15);
  expect(kills.length).toBeLessThanOrEqual(1000);
});

test("a count never goes back, and is never more than there were kills", () => {
  // Numbers that look like chance, the same in each run.
  let seed = 7;
  const random = (most: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * most);
  };
  for (let round = 0; round < 300; round++) {
    const { ledger, gone, name, pass } = open(random(2) === 0);
    let [kills, file, shown] = [0, 0, 0];
    let waiting: (() => void)[] = [];
    for (let step = 0; step < 30; step++) {
      const what = random(6);
      if (what < 2) {
        kills++;
        file++;
        if (random(3) > 0) waiting.push(() => name("/a"));
      } else if (what === 2) {
        // The next cgroup of the path is there before anybody looks.
        ledger.closed("/a");
        file = 0;
      } else if (what === 3) {
        for (const message of waiting) message();
        waiting = [];
        ledger.drained();
        gone("/a");
        file = 0;
      } else {
        const messages = waiting;
        waiting = [];
        pass({ "/a": file }, () => messages.forEach((message) => message()));
      }
      const count = ledger.count("/a");
      expect(count).toBeGreaterThanOrEqual(shown);
      expect(count).toBeLessThanOrEqual(kills);
      shown = count;
    }
  }
});
