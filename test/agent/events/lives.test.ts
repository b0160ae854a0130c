import { beforeEach, expect, it } from "vitest";

import { EventLog } from "../../../agent/events/event-log.ts";
import { Lives } from "../../../agent/events/lives.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";

const ID = "1b".repeat(32);
const PATH = `/docker/${ID}`;

let log: EventLog;
let lives: Lives;

beforeEach(() => {
  log = new EventLog(0);
  lives = new Lives(log);
});

function container(runtime?: string): Container {
  const plain = { id: PATH, name: PATH, labels: {}, groups: {}, limits: NO_LIMITS };
  return runtime === undefined ? plain : { ...plain, runtime, container_id: ID };
}

function deletions(): unknown[] {
  return log
    .query({ matches: ({ type }) => type === "containerDeletion" })
    .map(({ time, data }) => [time, data]);
}

function ended(code: number): unknown {
  return { container_deletion: { exit_code: code } };
}

it("a plain cgroup ends with a code that nobody knows", () => {
  lives.came("/a", 1);
  lives.gone("/a", container(), 2);
  expect(log.query().map(({ type, cgroup }) => [type, cgroup])).toEqual([
    ["containerCreation", "/a"],
    ["containerDeletion", "/a"],
  ]);
  expect(deletions()).toEqual([[2, ended(-1)]]);
});

it("a container ends with its code, whether the engine tells before or after", () => {
  lives.hear({ id: ID, action: "die", exitCode: 137 });
  lives.gone(PATH, container("docker"), 10);
  expect(deletions()).toEqual([[10, ended(137)]]);
  lives.gone(PATH, container("docker"), 20);
  lives.endPass(1000);
  expect(deletions()).toHaveLength(1);
  lives.hear({ id: ID, action: "die", exitCode: 0 });
  expect(deletions()).toEqual([
    [10, ended(137)],
    [20, ended(0)],
  ]);
});

it("is not waited for longer than two seconds", () => {
  lives.gone(PATH, container("docker"), 10);
  lives.endPass(2009);
  expect(deletions()).toEqual([]);
  lives.endPass(2010);
  expect(deletions()).toEqual([[10, ended(-1)]]);
});

it("the code of a former life is not that of the next", () => {
  lives.hear({ id: ID, action: "die", exitCode: 3 });
  lives.hear({ id: ID, action: "start" });
  lives.gone(PATH, container("docker"), 10);
  lives.endPass(5000);
  expect(deletions()).toEqual([[10, ended(-1)]]);
});

it("a kill is told of the cgroup without memory and of the victim's", () => {
  const kill = { time: 5, cgroup: "/pod/a", oomCgroup: "/pod", pid: 7, process: "dd" };
  lives.killed({ ...kill, constraint: "CONSTRAINT_MEMCG" });
  lives.killed({ time: 6, cgroup: "/b" });
  expect(log.query().map(({ type, cgroup, data }) => [type, cgroup, data])).toEqual([
    ["oom", "/pod", {}],
    ["oomKill", "/pod/a", { oom: { pid: 7, process_name: "dd", constraint: "CONSTRAINT_MEMCG" } }],
    ["oom", "/b", {}],
    ["oomKill", "/b", {}],
  ]);
});
