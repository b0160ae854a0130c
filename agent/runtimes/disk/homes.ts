import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** No host has a longer list of users that we would want to look through. */
const MOST_BYTES = 1024 * 1024;

/** The user below whose slice a cgroup is: `/user.slice/user-1000.slice/…`. */
export function userOf(cgroup: string): string | undefined {
  return /^\/user\.slice\/user-(\d{1,10})\.slice\//.exec(cgroup)?.[1];
}

/** The home directory of a user in an `/etc/passwd`; undefined if it names none. */
function parseHome(passwd: string, user: string): string | undefined {
  for (const line of passwd.slice(0, MOST_BYTES).split("\n")) {
    const [, , uid, , , home] = line.split(":");
    if (uid === user && home?.startsWith("/") === true) return home;
  }
  return undefined;
}

/** Where a user's home can be read. */
export async function findHome(rootfs: string, user: string): Promise<string | undefined> {
  const passwd = await readFile(join(rootfs, "etc/passwd"), "utf8").catch(() => "");
  const home = parseHome(passwd, user);
  return home === undefined ? undefined : join(rootfs, home);
}
