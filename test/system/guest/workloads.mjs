/**
 * Workloads of known size, each in a cgroup of its own. Each gives the subjects that are compared
 * when they stand still; all of them are started at once.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";

import { CGROUPS, makeCgroup, rest, sh, start, stopped, until } from "./lab.mjs";

const DISK = "/var/exact";

/** Uses some CPU time. */
const loop = (turns) => `n=0; while [ $n -lt ${turns} ]; do n=$((n+1)); done`;

const touch = (pages) => `dd if=/dev/zero of=/dev/null bs=${pages * 4096} count=1`;

/** Reads a file three times with room for a third of it. */
async function high() {
  await sh(`dd if=/dev/zero of=${DISK}/file bs=1M count=24; sync ${DISK}/file`);
  await sh(`dd if=${DISK}/file iflag=nocache count=0`);
  const cgroup = makeCgroup("high", { "memory.high": `${8 << 20}` });
  await rest(cgroup, `for turn in 1 2 3; do cat ${DISK}/file > /dev/null; done`);
  return { cgroup };
}

/** 32 MB in a file system in memory, of which half have room; then they are needed again. */
async function max() {
  const limits = { "memory.max": `${16 << 20}`, "memory.swap.max": `${40 << 20}` };
  const cgroup = makeCgroup("max", limits);
  const file = "/dev/shm/exact";
  await rest(cgroup, `dd if=/dev/zero of=${file} bs=1M count=32; cat ${file} ${file} > /dev/null`);
  return { cgroup };
}

/** What nobody writes to the disk, as long as no other program asks for it. */
export async function dirty() {
  const cgroup = makeCgroup("dirty");
  await rest(cgroup, `dd if=/dev/zero of=${DISK}/dirty bs=1M count=4`);
  const sync = () => sh(`sync ${DISK}/dirty`);
  return { name: "dirty", cgroup, sync };
}

/** Children that have a memory controller of their own, and a child that has none. */
async function family() {
  const above = makeCgroup("family", { "cgroup.subtree_control": "+memory" });
  const below = makeCgroup("family/child");
  await rest(below, touch(1000));
  return { cgroup: above, below };
}

async function alone() {
  const cgroup = makeCgroup("alone");
  await rest(cgroup, touch(1500));
  await rest(makeCgroup("alone/part"), touch(500));
  return { cgroup };
}

async function huge() {
  const cgroup = makeCgroup("huge");
  const limit = `${CGROUPS}${cgroup}/hugetlb.2MB.rsvd.max`;
  if (!existsSync(limit)) return { cgroup };
  await sh("echo 8 > /proc/sys/vm/nr_hugepages");
  writeFileSync(limit, `${6 << 20}`);
  await stopped(start(cgroup, "node", "huge.mjs"));
  return { cgroup };
}

/** Saves what it is given while it sleeps, and needs it then. */
async function burst() {
  const cgroup = makeCgroup("burst", { "cpu.max": "20000 100000", "cpu.max.burst": "20000" });
  await rest(cgroup, `for turn in 1 2 3 4 5 6; do sleep 0.5; ${loop(3000)}; done`);
  return { cgroup };
}

/** Two that both want more than the hundredth of a CPU which they have. */
async function pressed() {
  const cgroup = makeCgroup("pressed", { "cpu.max": "10000 100000" });
  await rest(cgroup, `(${loop(2000)}) & ${loop(2000)}; wait`);
  return { cgroup };
}

/** Writes to a disk of its own past the cache, reads, and discards. */
async function disk() {
  await sh(`modprobe loop; truncate -s 8M ${DISK}/disk`);
  const device = await sh(`losetup --find --show ${DISK}/disk`);
  const name = device.replace("/dev/", "");
  const numbers = readFileSync(`/sys/block/${name}/dev`, "utf8").trim();
  await sh("echo Y > /sys/module/blk_cgroup/parameters/blkcg_debug_stats");
  writeFileSync(`${CGROUPS}/io.cost.qos`, `${numbers} enable=1`);
  const cgroup = makeCgroup("disk");
  await rest(
    cgroup,
    `dd if=/dev/zero of=${device} bs=4096 count=60 oflag=direct;
     dd if=${device} of=/dev/null bs=8192 count=40 iflag=direct;
     blkdiscard --force --length 65536 ${device}`,
  );
  const lines = () => readFileSync("/proc/diskstats", "utf8").split("\n");
  const read = () => ({ diskstats: lines().find((line) => line.includes(` ${name} `)) });
  const end = () => writeFileSync(`${CGROUPS}/io.cost.qos`, `${numbers} enable=0`);
  return { cgroup, read, end, extra: { device, numbers } };
}

/** What the processes of a cgroup hold open, what they may, and how long they have run. */
function heldBy(cgroup, pid) {
  const texts = { limits: readFileSync(`/proc/${pid}/limits`, "utf8") };
  for (const file of ["tcp", "tcp6", "udp", "udp6", "snmp", "netstat"]) {
    texts[`net/${file}`] = readFileSync(`/proc/${pid}/net/${file}`, "utf8");
  }
  const pids = readFileSync(`${CGROUPS}${cgroup}/cgroup.procs`, "utf8").trim().split("\n");
  const each = (of) => JSON.stringify(pids.flatMap(of));
  const list = (one, folder) => readdirSync(`/proc/${one}/${folder}`);
  texts.descriptors = each((one) =>
    list(one, "fd").map((name) => readlinkSync(`/proc/${one}/fd/${name}`)),
  );
  texts.schedstat = each((one) =>
    list(one, "task").map((task) => readFileSync(`/proc/${one}/task/${task}/schedstat`, "utf8")),
  );
  texts.referenced = each((one) => readFileSync(`/proc/${one}/smaps_rollup`, "utf8"));
  return texts;
}

async function sockets() {
  const cgroup = makeCgroup("sockets", { "pids.max": "77" });
  const script = `ip link set lo up; ulimit -n 200;
    sleep 1000 & sleep 1000 & exec node sockets.mjs`;
  const child = start(cgroup, "unshare", "--net", "sh", "-c", script);
  await stopped(child);
  return { cgroup, read: () => heldBy(cgroup, child.pid) };
}

/** Two that want a CPU and get next to none, three that sleep, and one that is stopped. */
async function load() {
  const cgroup = makeCgroup("load");
  const sleepers = [1, 2, 3, 4].map(() => start(cgroup, "sleep", "1000"));
  for (const { pid } of sleepers) {
    await until("it to sleep", () => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n");
  }
  sleepers[0].kill("SIGSTOP");
  const burn = "while :; do :; done";
  start(cgroup, "sh", "-c", `${burn} & ${burn}`);
  await until(
    "them to run",
    async () => (await sh(`wc -l < ${CGROUPS}${cgroup}/cgroup.procs`)) === "6",
  );
  writeFileSync(`${CGROUPS}${cgroup}/cpu.max`, "2000 100000");
  return { cgroup, isMoving: true };
}

/** Stops itself, takes memory and lets others run in between, and stops itself again. */
async function perf() {
  const cgroup = makeCgroup("perf");
  const work = `x=0123456789abcdef; for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do x=$x$x; done;
    for turn in 1 2 3 4 5 6 7 8 9 10; do read line < /proc/version; done; ${loop(2000)}`;
  const child = await rest(cgroup, `kill -STOP $$; ${work}`);
  const status = () => readFileSync(`/proc/${child.pid}/status`, "utf8");
  const read = () => ({
    switches: status()
      .match(/\w+ctxt_switches:\s+\d+/g)
      .join("\n"),
  });
  const goOn = async () => {
    const before = status();
    child.kill("SIGCONT");
    await until("it to have gone on", () => status() !== before);
    await stopped(child);
  };
  return { cgroup, read, goOn };
}

export const workloads = {
  high,
  max,
  family,
  alone,
  huge,
  burst,
  pressed,
  disk,
  sockets,
  load,
  perf,
};
