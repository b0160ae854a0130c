/**
 * Runs in the virtual machine: containers that use a known amount of something, the agent beside
 * them, and for each container what the kernel's files say and what the agent says of it at a time
 * when neither changes. Each result is a line of JSON.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const AGENT = "http://127.0.0.1:8180";
const CGROUPS = "/sys/fs/cgroup";
const FILES = JSON.parse(readFileSync("files.json", "utf8"));

function sh(command) {
  return execFileSync("sh", ["-c", command], { encoding: "utf8" }).trim();
}

function tell(result) {
  console.log(`RESULT ${JSON.stringify(result)}`);
}

async function until(what, check, seconds = 60) {
  const started = Date.now();
  for (;;) {
    const answer = await check();
    if (answer) return answer;
    if (Date.now() - started > seconds * 1000) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

async function ask(route) {
  const response = await fetch(`${AGENT}${route}`);
  return response.ok ? response.text() : undefined;
}

async function askStats(route) {
  const text = await ask(route);
  return text === undefined ? undefined : JSON.parse(text).containers[0];
}

async function askFeed(since) {
  const lines = (await ask(`/stats/feed?since=${since}`)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

function readTexts(cgroup, pid) {
  const texts = {};
  for (const file of FILES) {
    const path = `${CGROUPS}${cgroup}/${file}`;
    // The averages of pressure go on changing when nothing happens any more.
    if (existsSync(path)) texts[file] = readFileSync(path, "utf8").replaceAll(/avg\S+ /g, "");
  }
  if (pid !== undefined) texts["net/dev"] = readFileSync(`/proc/${pid}/net/dev`, "utf8");
  return texts;
}

/** What the agent says of a sample that it takes from now on. */
async function saidNext(cgroup) {
  const [{ cursor }] = await askFeed("");
  const { head, line } = await until(`a sample of ${cgroup}`, async () => {
    const [newHead, ...lines] = await askFeed(cursor);
    const newLine = lines.find(({ id, ticks = [] }) => id === cgroup && ticks.length > 0);
    return newLine && { head: newHead, line: newLine };
  });
  const page = (await ask("/metrics")).split("\n").filter((one) => one.includes(`id="${cgroup}"`));
  return { head, line, page: page.join("\n"), stats: await askStats(`/stats${cgroup}`) };
}

/** A container, compared while the kernel's numbers stand still. */
async function compare(name, { id, pid }, extra = {}) {
  const cgroup = `/system.slice/docker-${id}.scope`;
  await until(`${name} to stand still`, async () => {
    const texts = readTexts(cgroup, pid);
    const said = await saidNext(cgroup);
    if (JSON.stringify(readTexts(cgroup, pid)) !== JSON.stringify(texts)) return false;
    tell({ name, id, cgroup, texts, said, ...extra });
    return true;
  });
}

function run(name, options, command, network = "none") {
  const line = `docker run -d --name ${name} --network ${network} ${options}`;
  const id = sh(`${line} busybox:1 ${command}`);
  const pid = Number(sh(`docker inspect -f '{{.State.Pid}}' ${id}`));
  return { id, pid };
}

function prepare() {
  const install = "for a in $(rootfs/bin/busybox --list); do ln -s busybox rootfs/bin/$a; done";
  sh(`mkdir -p rootfs/tmp rootfs/proc rootfs/sys rootfs/dev rootfs/host; (${install}) 2>&1`);
  sh("tar -C rootfs -c . | docker import - busybox:1");
  // A huge page would take one fault for 512 pages.
  sh("echo never > /sys/kernel/mm/transparent_hugepage/enabled");
  sh("dd if=/dev/zero of=/swap bs=1M count=64 2>&1; chmod 600 /swap; mkswap /swap; swapon /swap");
  sh("mkdir /var/out; dd if=/dev/zero of=/var/out/file bs=1M count=8 2>&1; sync");
}

async function startAgent() {
  const log = openSync("agent.log", "w");
  const agent = spawn("node", ["app/dist/cli.js", "agent"], { stdio: ["ignore", log, log] });
  await until("the agent", () => ask("/healthz").catch(() => undefined));
  return agent;
}

/** Half a core, two seconds of CPU time; then other limits; then its end. */
async function burner() {
  const labels = "--label com.docker.compose.project=shop --label com.docker.compose.service=web";
  const limits = "--cpus 0.5 --memory 64m --pids-limit 100";
  const command = "chroot /host /payload/bin/node /payload/burn.mjs";
  const container = run("shop-web-1", `${limits} ${labels} -v /:/host:ro`, command);
  const startedAt = Date.now();
  const isThere = () => askStats("/stats/shop-web-1");
  await until("the container to be seen", isThere);
  const seenMs = Date.now() - startedAt;
  const used = await until("it to have burnt", () => sh("docker logs shop-web-1"));
  sh("docker pause shop-web-1");
  await compare("burner", container, { used: Number(used), seenMs });
  sh("docker unpause shop-web-1");

  sh("docker update --cpus 0.25 --memory 48m --memory-swap 96m shop-web-1");
  const updatedAt = Date.now();
  await until("the new limits", async () => (await isThere()).limits.cpu_cores === 0.25);
  tell({ name: "updated", ms: Date.now() - updatedAt, limits: (await isThere()).limits });

  sh("docker kill shop-web-1");
  const killedAt = Date.now();
  await until("it to be gone", async () => (await isThere()) === undefined);
  const page = await ask("/metrics");
  tell({ name: "gone", ms: Date.now() - killedAt, isOnPage: page.includes(container.id) });
}

/** Writes and reads a known number of bytes in a file that is there already. */
async function writer() {
  const write = "dd if=/dev/zero of=/out/file conv=notrunc oflag=direct bs=4096";
  const read = "dd if=/out/file of=/dev/null iflag=direct bs=8192";
  // The first time also reads the program from the disk.
  const warm = `${write} count=1; ${read} count=1; touch /dev/shm/warm`;
  const wait = "while ! test -e /dev/shm/go; do sleep 1; done";
  const work = `${write} count=200; ${read} count=60; touch /dev/shm/done`;
  const command = `sh -c "${warm}; ${wait}; ${work}; sleep 1000"`;
  const container = run("writer", "-v /var/out:/out", command);
  const mark = (name) => `/proc/${container.pid}/root/dev/shm/${name}`;
  await until("it to be warm", () => existsSync(mark("warm")));
  const before = readTexts(`/system.slice/docker-${container.id}.scope`)["io.stat"];
  writeFileSync(mark("go"), "");
  await until("it to be done", () => existsSync(mark("done")));
  await compare("writer", container, { before });
}

async function killed() {
  const command = "sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 1000'";
  const container = run("killed", "--memory 16m --memory-swap 16m", command);
  const events = `${CGROUPS}/system.slice/docker-${container.id}.scope/memory.events`;
  await until("the kill", () => /^oom_kill 1$/m.test(readFileSync(events, "utf8")));
  await compare("killed", container);
}

/** 40 MB in a file system in memory, of which 16 MB have room. */
async function swapped() {
  const command = "sh -c 'dd if=/dev/zero of=/t/file bs=1M count=40; touch /t/done; sleep 1000'";
  const container = run("swapped", "--memory 16m --memory-swap 80m --tmpfs /t", command);
  await until("the file", () => existsSync(`/proc/${container.pid}/root/t/done`));
  await compare("swapped", container);
}

/** Touches 2000 pages, then reads a file that is on the disk only. */
async function reader() {
  sh("sync; echo 3 > /proc/sys/vm/drop_caches");
  const touch = `dd if=/dev/zero of=/dev/null bs=${2000 * 4096} count=1`;
  const files = "cat /host/var/out/file /host/var/out/file > /dev/null";
  const rest = "exec chroot /host /bin/bash -c 'sleep 1000; :'";
  const command = `sh -c "${touch}; ${files}; ${rest}"`;
  const container = run("reader", "-v /:/host:ro", command);
  await until("it to rest", () =>
    readFileSync(`/proc/${container.pid}/comm`, "utf8").startsWith("bash"),
  );
  await compare("reader", container, { pages: 2000 });
}

async function crew() {
  const command = "sh -c 'for i in 1 2 3 4; do sleep 1000 & done; wait'";
  await compare("crew", run("crew", "", command));
}

async function networked() {
  const command = "sh -c 'ping -c 5 -s 1000 172.17.0.1; sleep 1000'";
  const container = run("networked", "", command, "bridge");
  await until("the answers", () => sh("docker logs networked").includes("5 packets received"));
  await compare("networked", container);
}

async function machine() {
  const before = readTexts("", 1);
  const said = await saidNext("/");
  tell({ name: "machine", cgroup: "/", before, said, after: readTexts("", 1) });
}

prepare();
const agent = await startAgent();
try {
  for (const part of [burner, writer, killed, swapped, reader, crew, networked, machine]) {
    await part();
  }
  const ended = new Promise((resolve) =>
    agent.once("exit", (code, signal) => resolve({ code, signal })),
  );
  agent.kill("SIGTERM");
  tell({ name: "ended", ...(await ended) });
} finally {
  console.log(readFileSync("agent.log", "utf8"));
}
