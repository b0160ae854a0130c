import type { RestParts } from "../../../../agent/api/rest/parts.ts";
import { Summaries } from "../../../../agent/summary/summaries.ts";
import type { Window } from "../../../../agent/window/window.ts";
import type { EventLog } from "../../../../wire/events/log.ts";

/** What the REST API of a fake machine tells beyond its cgroups: one disk, one process. */
export function fakeRest(window: Window, events: EventLog): RestParts {
  return {
    events,
    summaries: new Summaries(window),
    processes: {
      of: async ({ id }) => [
        {
          pid: 775,
          parent: 1,
          command: "sh <x>",
          status: "Ss",
          cpuSeconds: 93_784.25,
          startSeconds: 5,
          virtualBytes: 4_554_752,
          processor: 1,
          user: "root",
          startedAt: 0,
          cpuPercent: 12.345,
          rssBytes: 15_083_970,
          descriptors: 3,
          cgroup: id,
        },
      ],
    },
    filesystems: () => [
      {
        device: "/dev/vda",
        mountpoint: "/",
        type: "vfs",
        limit: 270_553_174_016,
        usage: 17_079_783_424,
        available: 80_713_510_912,
        inodes: 16_777_216,
        inodesFree: 16_284_822,
      },
    ],
    apiVersion: () => undefined,
    host: () => ({
      mode: "v1",
      mounts: [{ version: 1, directory: "/sys/fs/cgroup/cpu" }],
      controllers: ["cpu"],
      engines: [{ name: "docker", health: "connected", version: "27.0.1" }],
      kmsgUnreadable: "eperm",
      absences: [],
    }),
  };
}
