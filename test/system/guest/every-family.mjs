/**
 * A workload for every family that cgroup v2 has: what the kernel's files said before and after so
 * many samples, and was the same, is told with what the agent says.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";

import {
  ask,
  attempt,
  CGROUPS,
  delegate,
  linesOf,
  makeCgroup,
  pageAfter,
  PARENT,
  readTexts,
  sh,
  start,
  tell,
  until,
  WHOLE,
} from "./lab.mjs";
import { dirty, workloads } from "./workloads.mjs";

function textsOf({ cgroup, read = () => ({}) }) {
  return { ...readTexts(cgroup), ...read() };
}

/** Tells of all subjects, each as soon as it has stood still. */
async function compare(subjects) {
  let left = subjects;
  await until(
    "the kernel's numbers to stand still",
    async () => {
      const before = left.map((subject) => JSON.stringify(textsOf(subject)));
      const { page } = await pageAfter(
        left.map(({ cgroup }) => cgroup),
        WHOLE,
      );
      const isStill = left.map(
        (subject, index) => subject.isMoving || JSON.stringify(textsOf(subject)) === before[index],
      );
      for (const [index, { name, cgroup, extra }] of left.entries()) {
        if (!isStill[index]) continue;
        const machine = linesOf(page, "/");
        const texts = JSON.parse(before[index]);
        tell({ name, cgroup, texts, page: linesOf(page, cgroup), machine, ...extra });
      }
      left = left.filter((_subject, index) => !isStill[index]);
      if (left.length > 0) console.log(`still moving: ${left.map(({ name }) => name).join()}`);
      return left.length === 0;
    },
    240,
  );
}

async function startWorkloads() {
  const started = Object.entries(workloads).map(async ([name, run]) => {
    const subject = await attempt(run);
    return subject === undefined ? [] : [{ name, ...subject }];
  });
  return (await Promise.all(started)).flat();
}

function seriesOf(page, family, label) {
  const line = page.split("\n").find((one) => one.startsWith(`${family}{`) && one.includes(label));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

async function killed(cgroup) {
  const child = start(cgroup, "dd", "if=/dev/zero", "of=/dev/null", "bs=96M", "count=1");
  await until("the kill", () => child.signalCode === "SIGKILL");
}

/** Kills below a limit: of what lies deeper, of what is gone, of a container that is started twice. */
async function kills() {
  const limits = { "memory.max": `${24 << 20}`, "memory.swap.max": "0" };
  const above = makeCgroup("kills", { ...limits, "cgroup.subtree_control": "+memory" });
  const [stays, goes] = [makeCgroup("kills/stays"), makeCgroup("kills/goes")];
  await killed(stays);
  await killed(goes);
  await killed(goes);
  rmdirSync(`${CGROUPS}${goes}`);
  const options = "--name mortal --network none --memory 16m --memory-swap 16m";
  const id = await sh(
    `docker run -d ${options} busybox:1 dd if=/dev/zero of=/dev/null bs=64M count=1`,
  );
  await sh("docker wait mortal; docker start mortal; docker wait mortal");
  const count = (page, label) => seriesOf(page, "container_oom_events_total", label);
  const page = await until("the kills to be counted", async () => {
    const now = await ask("/metrics");
    return count(now, `id="${goes}"`) === 2 && count(now, 'name="mortal"') === 2 && now;
  });
  const own = page.split("\n").filter((line) => /"mortal"|\/exact\/kills|id="\/"/.test(line));
  tell({ name: "kills", above, stays, goes, id, texts: readTexts(above), page: own.join("\n") });
}

/** What a container has written, once the agent says what `du` says, or never does. */
async function layer() {
  const write = "dd if=/dev/zero of=/file bs=4096 count=700; mkdir -p /a/b; cp /bin/busybox /a/b";
  const volume = "dd if=/dev/zero of=/data/file bs=4096 count=50";
  const command = `sh -c "${write}; ${volume}; sleep 1000"`;
  const id = await sh(
    `docker run -d --name layer --network none -v kept:/data busybox:1 ${command}`,
  );
  const upper = await sh(`docker inspect -f '{{.GraphDriver.Data.UpperDir}}' ${id}`);
  const point = await sh("docker volume inspect -f '{{.Mountpoint}}' kept");
  await until("the files", () => existsSync(`${point}/file`) && existsSync(`${upper}/a/b/busybox`));
  const du = async (flags, ...directories) =>
    (await sh(`du -s -x ${flags} ${directories.join(" ")}`))
      .split("\n")
      .reduce((sum, line) => sum + Number.parseInt(line, 10), 0);
  const measure = async () => ({
    bytes: await du("--block-size=1", upper, `/var/lib/docker/containers/${id}`),
    inodes: await du("--inodes", upper, `/var/lib/docker/containers/${id}`),
    volume: await du("--block-size=1", point),
  });
  const found = { page: "" };
  await until(
    "the walks over the layer and the volume, after the last byte is written",
    async () => {
      const { bytes, volume: kept } = (found.truth = await measure());
      const page = (found.page = await ask("/metrics"));
      const said = (family) => seriesOf(page, family, 'name="layer"');
      return (
        said("container_fs_usage_bytes") === bytes && said("container_volume_usage_bytes") === kept
      );
    },
    120,
  ).catch(() => {});
  const size = (await sh("stat -f -c '%b %S' /")).split(" ");
  const own = found.page.split("\n").filter((line) => line.includes('name="layer"'));
  const limit = Number(size[0]) * Number(size[1]);
  tell({
    name: "layer",
    driver: await sh("docker info -f '{{.Driver}}'"),
    limit,
    ...found,
    page: own.join("\n"),
  });
}

/** What the machine's usage is made of, and its swap. */
function machineTexts() {
  const stat = readFileSync(`${CGROUPS}/memory.stat`, "utf8");
  const meminfo = readFileSync("/proc/meminfo", "utf8");
  return {
    stat: stat.match(/^(?:anon|file|inactive_file) \d+$/gm).join("\n"),
    meminfo: meminfo.match(/^(?:MemTotal|Swap\w+):.*$/gm).join("\n"),
  };
}

/** The machine never stands still: one of many readings around a sample has to be what the agent had. */
async function machineMemory() {
  const found = { texts: {}, page: "" };
  await until(
    "a reading that the agent had too",
    async () => {
      const readings = [machineTexts()];
      const timer = setInterval(() => readings.push(machineTexts()), 20);
      found.page = linesOf((await pageAfter(["/"], 1)).page, "/");
      clearInterval(timer);
      const usage = seriesOf(found.page, "container_memory_usage_bytes", "");
      const added = ({ stat }) =>
        Number(stat.match(/anon (\d+)/)[1]) + Number(stat.match(/^file (\d+)/m)[1]);
      found.texts = readings.find((texts) => added(texts) === usage);
      return found.texts;
    },
    60,
  ).catch(() => {});
  tell({ name: "root", cgroup: "/", files: Object.keys(readTexts("")), ...found });
}

/** Makes the cgroup above them, with every controller, and their folder. */
export function prepareFamilies() {
  mkdirSync("/var/exact");
  delegate("");
  mkdirSync(`${CGROUPS}${PARENT}`);
  delegate(PARENT);
}

/** All of them at once; gives what is to be done when nothing else runs any more. */
export async function families() {
  const subjects = await startWorkloads();
  const { perf, family, disk } = Object.fromEntries(subjects.map((one) => [one.name, one]));
  const child = { name: "child", cgroup: family.below };
  await Promise.all([() => compare([...subjects, child]), kills, layer].map(attempt));
  disk.end();
  return async () => {
    const unwritten = await dirty();
    await perf.goOn();
    await compare([{ ...perf, name: "perf-after" }, unwritten]);
    await unwritten.sync();
    await Promise.all([compare([{ ...unwritten, name: "clean" }]), machineMemory()]);
  };
}
