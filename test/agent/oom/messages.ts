import type { KernelKill } from "../../../agent/oom/kill-reader.ts";
import { KillReader } from "../../../agent/oom/kill-reader.ts";
import { Kmsg } from "../../../agent/oom/kmsg.ts";

/** A line that the kernel writes when it has chosen a victim, as Linux 6 does. */
export function chosenLine(
  cgroup: string,
  {
    pid = 7,
    task = "dd",
    oomCgroup = cgroup,
  }: Partial<Record<"task" | "oomCgroup", string>> & {
    pid?: number;
  } = {},
): string {
  return `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${oomCgroup},task_memcg=${cgroup},task=${task},pid=${pid},uid=0`;
}

/** The line that it writes when it has killed it. */
export function killedLine(pid = 7, task = "dd"): string {
  return `Memory cgroup out of memory: Killed process ${pid} (${task}) total-vm:68512kB, anon-rss:16256kB, file-rss:1676kB, shmem-rss:0kB, UID:0 pgtables:80kB oom_score_adj:0`;
}

/** A record of `/dev/kmsg` with this text in it. */
export function record(
  text: string,
  { head = "6,1425,7116883451,-" }: { head?: string } = {},
): Buffer {
  return Buffer.from(`${head};${text}\n SUBSYSTEM=memory\n`, "latin1");
}

/** A source of messages that are put in by hand; an entry that is a word is an error's code. */
export function fakeKmsg(): { kmsg: Kmsg; waiting: (Buffer | string)[]; isClosed: () => boolean } {
  const waiting: (Buffer | string)[] = [];
  let isClosed = false;
  const kmsg = new Kmsg(
    (bytes) => {
      const next = waiting.shift() ?? "EAGAIN";
      if (typeof next === "string") throw Object.assign(new Error(next), { code: next });
      bytes.set(next);
      return next.length;
    },
    () => (isClosed = true),
  );
  return { kmsg, waiting, isClosed: () => isClosed };
}

/** The kills that are found in some records. */
export function killsIn(
  records: readonly Buffer[],
  isKnown: (cgroup: string) => boolean = () => false,
): KernelKill[] {
  const reader = new KillReader(isKnown);
  return records.flatMap((bytes) => reader.take(bytes, bytes.length) ?? []);
}
