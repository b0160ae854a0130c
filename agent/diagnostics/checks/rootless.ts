import { readdirSync } from "node:fs";
import { join } from "node:path";

import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { wordsAt } from "../host-files.ts";

/** What rootless engines need to have numbers and limits of their containers. */
const WANTED = ["cpu", "memory", "io", "pids"];

/** So many users are looked at. */
const MOST_USERS = 50;

/** The cgroups of users' own service managers: `/user.slice/user-1000.slice/user@1000.service`. */
function usersIn(directory: string): string[] {
  try {
    return readdirSync(join(directory, "user.slice"))
      .flatMap((name) => /^user-(\d{1,10})\.slice$/.exec(name)?.[1] ?? [])
      .slice(0, MOST_USERS);
  } catch {
    return [];
  }
}

/** Whether users' own engines are given the controllers. https://systemd.io/CGROUP_DELEGATION/ */
export const rootless: Check = {
  subject: "rootless",
  find({ hierarchies }): Finding[] {
    const root = hierarchies?.mode === "v2" ? hierarchies.all[0] : undefined;
    if (root === undefined) return [];
    const lacking = usersIn(root.directory).flatMap((user) => {
      const place = join(root.directory, `user.slice/user-${user}.slice/user@${user}.service`);
      const has = wordsAt(join(place, "cgroup.controllers"));
      const missing = WANTED.filter(
        (name) => root.controllers.has(name) && has?.includes(name) === false,
      );
      return missing.length === 0 ? [] : [{ user, missing }];
    });
    const [first] = lacking;
    if (first === undefined) return [];
    return [
      {
        ...told(
          "rootless.delegation",
          "note",
          `containers of user ${first.user} have no ${first.missing.join(", ")}: systemd does not delegate it`,
          `write [Service] Delegate=cpu cpuset io memory pids to /etc/systemd/system/user@.service.d/delegate.conf, systemctl daemon-reload, and log in again`,
        ),
        affects: ["containers of rootless engines"],
      },
    ];
  },
};
