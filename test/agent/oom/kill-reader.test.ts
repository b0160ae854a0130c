import { expect, test } from "vitest";

import { chosenLine, killedLine, killsIn, record } from "./messages.ts";

const WEB = `/docker/${"1b".repeat(32)}`;

test("a kill is named by the line before it, and counted by its own", () => {
  const lines = [
    "dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    chosenLine(`${WEB}/inner`, { oomCgroup: WEB }),
    killedLine(),
  ];
  expect(killsIn(lines.map((line) => record(line)))).toEqual([
    {
      pid: 7,
      process: "dd",
      place: { cgroup: `${WEB}/inner`, oomCgroup: WEB, constraint: "CONSTRAINT_MEMCG" },
    },
  ]);
});

test("a victim that had ended by itself is no kill", () => {
  const already = "OOM victim 7 (dd) is already exiting. Skip killing the task";
  expect(killsIn([record(chosenLine(WEB)), record(already)])).toEqual([]);
});

test("a kill that the kernel does not name has no place, whatever was named before", () => {
  const kills = killsIn([
    record(chosenLine(WEB)),
    record(killedLine()),
    record(killedLine(8)),
    record(chosenLine(WEB, { pid: 9 })),
    record(killedLine(10)),
  ]);
  expect(kills.map(({ pid, place }) => [pid, place?.cgroup])).toEqual([
    [7, WEB],
    [8, undefined],
    [10, undefined],
  ]);
});

test("the machine itself may run out of memory", () => {
  const line = `oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,task_memcg=${WEB},task=java,pid=11,uid=1000`;
  const killed = "Out of memory: Killed process 11 (java) total-vm:1kB, anon-rss:1kB, UID:1000";
  expect(killsIn([record(line), record(killed)])).toMatchObject([
    { process: "java", place: { cgroup: WEB, oomCgroup: "/", constraint: "CONSTRAINT_NONE" } },
  ]);
});

test("kernels before 5.0 use other words", () => {
  const killed = "Killed process 5 (a (b) c) total-vm:1kB, anon-rss:1kB, file-rss:0kB";
  const redHat = "Killed process 6 (java), UID 0, total-vm:1kB, anon-rss:1kB";
  const kills = killsIn([
    record(`Task in ${WEB}/x killed as a result of limit of ${WEB}`),
    record("Memory cgroup out of memory: Kill process 4 (sh) score 900 or sacrifice child"),
    record(killed),
    record(redHat),
  ]);
  expect(kills).toEqual([
    { pid: 5, process: "a (b) c", place: { cgroup: `${WEB}/x`, oomCgroup: WEB } },
    { pid: 6, process: "java" },
  ]);
});

test("a whole group may be killed", () => {
  const at = (micros: number): { head: string } => ({ head: `3,1,${micros},-` });
  const kills = killsIn([
    record(chosenLine(`${WEB}/a`, { oomCgroup: WEB }), at(1000)),
    record(killedLine(), at(1010)),
    record(`Tasks in ${WEB} are going to be killed due to memory.oom.group set`, at(1020)),
    record(killedLine(8), at(1030)),
    record(killedLine(9), at(60_000)),
    record(killedLine(10), at(1_000_000)),
  ]);
  expect(kills.map(({ pid, place }) => [pid, place?.cgroup])).toEqual([
    [7, `${WEB}/a`],
    [8, WEB],
    [9, WEB],
    [10, undefined],
  ]);
});

test.each([
  "x,pid=1",
  ",task_memcg=/a",
  ",pid=1,uid=0",
  ",task=b",
  "a\\x0ab",
  ") total-vm:",
  "\\x5c",
])("a process may be called %s", (task) => {
  const [kill] = killsIn(
    [record(chosenLine(WEB, { task })), record(killedLine(7, task))],
    (cgroup) => cgroup === WEB,
  );
  const process = task.replace("\\x0a", "\n").replace("\\x5c", "\\");
  expect(kill).toMatchObject({ pid: 7, process, place: { cgroup: WEB, oomCgroup: WEB } });
});

test("a name that can be read in two ways is believed only where one of them is known", () => {
  const line = chosenLine(WEB, { task: "a,task=b", oomCgroup: "/docker" });
  const records = [record(line), record(killedLine())];
  expect(killsIn(records, (cgroup) => cgroup === WEB)[0]?.place?.cgroup).toBe(WEB);
  expect(killsIn(records)).toEqual([{ pid: 7, process: "dd" }]);
});

test("a cgroup's name can't put a kill upon another cgroup", () => {
  const forged = `/user/a,task_memcg=${WEB}`;
  const kills = killsIn(
    [
      record(chosenLine(forged)),
      record(killedLine()),
      record(chosenLine(WEB).replace("cpuset=/,", `cpuset=b,mems_allowed=0,oom_memcg=,`)),
      record(killedLine()),
    ],
    (cgroup) => cgroup === WEB,
  );
  expect(kills.map(({ place }) => place?.cgroup)).toEqual([forged, WEB]);
});

test("names come in the kernel's escapes", () => {
  const [kill] = killsIn([
    record(chosenLine("/system.slice/a\\x5cx2db.scope/\\xc3\\xa9")),
    record(killedLine()),
  ]);
  expect(kill?.place?.cgroup).toBe("/system.slice/a\\x2db.scope/é");
});

test("a line in pieces is put together, if one task wrote them", () => {
  const line = chosenLine(WEB);
  const half = line.indexOf("task_memcg");
  const piece = (text: string, writer: string, flag: string): Buffer =>
    record(text, { head: `6,1,2,${flag},caller=${writer}` });
  const first = piece(line.slice(0, half), "T7", "-");
  const other = piece("eth0: link is up", "T1", "-");
  const rest = line.slice(half);
  const whole = killsIn([first, other, piece(rest, "T7", "c"), record(killedLine())]);
  expect(whole[0]?.place?.cgroup).toBe(WEB);
  const mixed = killsIn([first, other, piece(rest, "T1", "c"), record(killedLine())]);
  expect(mixed).toEqual([{ pid: 7, process: "dd" }]);
});

test("what a program writes into the kernel's log is not the kernel's", () => {
  const user = { head: "12,1,2,-" };
  expect(killsIn([record(chosenLine(WEB), user), record(killedLine(), user)])).toEqual([]);
});

test.each([
  "",
  ";",
  "6,1,2,-",
  "6,1,2,-;",
  "x,y;oom-kill:",
  "6,1,2,-;oom-kill:constraint=",
  "6,1,2,-;Task in ",
])("%j is passed over", (text) => {
  const bytes = Buffer.from(text);
  expect(killsIn([bytes, record(killedLine())])).toEqual([{ pid: 7, process: "dd" }]);
});
