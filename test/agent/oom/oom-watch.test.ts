import { expect, test } from "vitest";

import { unreadableKmsg } from "../../../agent/oom/kmsg.ts";
import type { OomKill } from "../../../agent/oom/ledger.ts";
import { OomWatch } from "../../../agent/oom/oom-watch.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { chosenLine, fakeKmsg, killedLine, record } from "./messages.ts";

const ID = "1b".repeat(32);
const WEB = `/docker/${ID}`;

function open(isReadable = true, cgroupOf: (id: string) => string | undefined = () => WEB) {
  const { kmsg, waiting } = fakeKmsg();
  const source = isReadable ? kmsg : unreadableKmsg("eperm");
  const parts = { isHierarchical: true, isShown: () => true, isKept: () => true };
  const watch = new OomWatch(source, parts, cgroupOf);
  const kills: OomKill[] = [];
  watch.ledger.onKill((kill) => kills.push(kill));
  let time = 0;
  return {
    watch,
    kills,
    say: (...lines: string[]) => waiting.push(...lines.map((line) => record(line))),
    gone: () =>
      watch.gone(WEB, { id: WEB, name: WEB, labels: {}, groups: {}, limits: NO_LIMITS }, time),
    pass: (value?: number, after = 1000) => {
      time += after;
      watch.beginPass(time);
      if (value !== undefined) watch.ledger.read(WEB, value);
      watch.endPass(time, true);
    },
    ranOut: () => watch.hear({ id: ID, action: "oom" }),
    died: (exitCode: number) => watch.hear({ id: ID, action: "die", exitCode }),
    signalled: () => watch.hear({ id: ID, action: "kill" }),
  };
}

test("a kill that is named is told with its victim", () => {
  const { kills, say, pass } = open();
  pass(0);
  say(chosenLine(WEB), killedLine());
  pass(1);
  expect(kills).toEqual([
    {
      time: 2000,
      pid: 7,
      process: "dd",
      cgroup: WEB,
      oomCgroup: WEB,
      constraint: "CONSTRAINT_MEMCG",
    },
  ]);
});

test("a kill without a name is the container's of which its engine tells, if it has gone", () => {
  const { watch, kills, say, pass, gone, ranOut } = open();
  pass(0);
  say(killedLine());
  ranOut();
  watch.ledger.closed(WEB);
  gone();
  pass();
  pass();
  pass();
  expect(watch.ledger.count(WEB)).toBe(1);
  expect(kills).toEqual([{ time: 3000, cgroup: WEB }]);
});

test("what an engine tells counts for nothing if the kernel has killed nobody", () => {
  const { watch, pass, gone, ranOut } = open();
  pass(0);
  ranOut();
  watch.ledger.closed(WEB);
  gone();
  for (let passes = 0; passes < 60; passes++) pass();
  expect(watch.ledger.count(WEB)).toBe(0);
});

test("unless messages of the kernel's were lost lately", () => {
  const { watch, kills, pass, gone, ranOut } = open();
  pass(0);
  watch.kmsg.overruns++;
  ranOut();
  watch.ledger.closed(WEB);
  gone();
  for (let passes = 0; passes < 60; passes++) pass();
  expect(kills).toHaveLength(1);
  ranOut();
  for (let passes = 0; passes < 5; passes++) pass();
  expect(watch.ledger.count(WEB)).toBe(1);
});

test("nor if the cgroup is there, and its file says that nobody was killed", () => {
  const { watch, say, pass, ranOut } = open();
  pass(0);
  say(killedLine());
  ranOut();
  for (let passes = 0; passes < 5; passes++) pass(0);
  expect(watch.ledger.count(WEB)).toBe(0);
});

test("nor if its kill is known", () => {
  const { watch, say, pass, gone, ranOut } = open();
  pass(0);
  say(chosenLine(WEB), killedLine(), killedLine(8));
  ranOut();
  pass(1);
  watch.ledger.closed(WEB);
  gone();
  for (let passes = 0; passes < 5; passes++) pass();
  expect(watch.ledger.count(WEB)).toBe(1);
});

test("where the kernel's messages can't be read the engine is believed", () => {
  const { watch, pass, gone, ranOut } = open(false);
  pass(0);
  ranOut();
  watch.ledger.closed(WEB);
  gone();
  pass();
  pass();
  expect(watch.ledger.count(WEB)).toBe(1);
  expect(watch.kmsg.unreadable).toBe("eperm");
});

test("the engine's id stands for a cgroup that nobody has seen", () => {
  const { watch, say, pass, ranOut } = open(true, () => undefined);
  pass();
  say(killedLine());
  ranOut();
  pass();
  pass();
  expect([...watch.ledger.entries()].map(({ cgroup, count }) => [cgroup, count])).toEqual([
    [ID, 1],
  ]);
});

test("it may come and go between two passes", () => {
  const { watch, say, pass } = open();
  pass();
  say(chosenLine(WEB), killedLine());
  pass();
  expect(watch.ledger.count(WEB)).toBe(1);
  expect(watch.ledger.count("/docker")).toBe(1);
});

test.each([
  { title: "killed by nobody that asked the engine", exitCode: 137, isAsked: false, count: 1 },
  { title: "killed through the engine", exitCode: 137, isAsked: true, count: 0 },
  { title: "ended by itself", exitCode: 1, isAsked: false, count: 0 },
])("a container that was $title has $count of the kills without a name", (one) => {
  const { watch, say, pass, gone, died, signalled } = open();
  pass(0);
  say(killedLine());
  if (one.isAsked) signalled();
  died(one.exitCode);
  watch.ledger.closed(WEB);
  gone();
  for (let passes = 0; passes < 40; passes++) pass();
  expect(watch.ledger.count(WEB)).toBe(one.count);
  expect(watch.unexplained).toBe(1 - one.count);
});

test("a kill without a name that a file has told of is nobody else's", () => {
  const { watch, say, pass, died } = open(true, () => undefined);
  pass(0);
  say(killedLine());
  died(137);
  for (let passes = 0; passes < 40; passes++) pass(1);
  expect(watch.ledger.count(WEB)).toBe(1);
  expect(watch.ledger.count(ID)).toBe(0);
  expect(watch.unexplained).toBe(0);
});

test("a kill that is named is not counted for the engine's id too", () => {
  const { watch, say, pass, died } = open(true, () => undefined);
  pass();
  say(chosenLine(WEB), killedLine(), killedLine(8));
  died(137);
  for (let passes = 0; passes < 5; passes++) pass();
  expect([...watch.ledger.entries()].map(({ cgroup }) => cgroup).toSorted()).toEqual([
    "/",
    "/docker",
    WEB,
  ]);
});
