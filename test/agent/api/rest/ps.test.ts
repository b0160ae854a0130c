import { expect, it } from "vitest";

import { encodeProcess } from "../../../../agent/api/rest/ps.ts";

const NOW = new Date(2026, 10, 21, 12).getTime();

const PROCESS = {
  pid: 7,
  parent: 1,
  command: "sh",
  status: "Ss",
  cpuSeconds: 93_784.25,
  startSeconds: 5,
  virtualBytes: 1000,
  processor: 1,
  user: "root",
  startedAt: NOW,
  cpuPercent: 12.345,
  rssBytes: 250,
  descriptors: 3,
  cgroup: "/a",
};

it.each([
  [new Date(2026, 10, 21, 4, 6), "04:06"],
  [new Date(2026, 10, 19, 4, 6), "Nov19"],
  [new Date(2025, 10, 19), "2025"],
])("began at %s", (at, text) => {
  const process = { ...PROCESS, startedAt: at.getTime() };
  expect(encodeProcess(process, NOW, 1000, true)["start_time"]).toBe(text);
});

it("is told as ps does", () => {
  expect(encodeProcess(PROCESS, NOW, 1000, true)).toEqual({
    user: "root",
    pid: 7,
    parent_pid: 1,
    start_time: "12:00",
    percent_cpu: 12.3,
    percent_mem: 25,
    rss: 250,
    virtual_size: 1000,
    status: "Ss",
    running_time: "1-02:03:04",
    cgroup_path: "/a",
    cmd: "sh",
    fd_count: 3,
    psr: 1,
  });
  expect(encodeProcess(PROCESS, NOW, 0, false)).toMatchObject({ percent_mem: 0, cgroup_path: "" });
});
