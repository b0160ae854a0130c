/**
 * Containers that use a known amount of something, and for each what the kernel's files say and what
 * the agent says of it at a time when neither changes.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import {
  ask,
  attempt,
  CGROUPS,
  containerCgroup,
  linesOf,
  pageAfter,
  readTexts,
  run,
  sh,
  tell,
  until,
  WHOLE,
} from "./lab.mjs";

async function askStats(route) {
  const text = await ask(route);
  return text === undefined ? undefined : JSON.parse(text).containers[0];
}

function textsOf(cgroup, pid) {
  return { ...readTexts(cgroup), "net/dev": readFileSync(`/proc/${pid}/net/dev`, "utf8") };
}

/** What the agent says after so many samples that it takes from now on. */
async function saidAfter(cgroup, samples) {
  const { page, head, lines } = await pageAfter([cgroup], samples);
  const line = lines.find(({ id }) => id === cgroup);
  return { head, line, page: linesOf(page, cgroup), stats: await askStats(`/stats${cgroup}`) };
}

/** A container, compared while the kernel's numbers stand still. */
async function compare(name, { id, pid }, extra = {}) {
  const cgroup = containerCgroup(id);
  await until(`${name} to stand still`, async () => {
    const texts = textsOf(cgroup, pid);
    const said = await saidAfter(cgroup, WHOLE);
    if (JSON.stringify(textsOf(cgroup, pid)) !== JSON.stringify(texts)) return false;
    tell({ name, id, cgroup, texts, said, ...extra });
    return true;
  });
}

/** Half a core, two seconds of CPU time; then other limits; then its end. */
async function burner() {
  const labels = "--label com.docker.compose.project=shop --label com.docker.compose.service=web";
  const limits = "--cpus 0.5 --memory 64m --pids-limit 100";
  const command = "chroot /host /payload/bin/node /payload/burn.mjs";
  const container = await run("shop-web-1", `${limits} ${labels} -v /:/host:ro`, command);
  const startedAt = Date.now();
  const isThere = () => askStats("/stats/shop-web-1");
  await until("the container to be seen", isThere);
  const seenMs = Date.now() - startedAt;
  const used = await until("it to have burnt", () => sh("docker logs shop-web-1"));
  await sh("docker pause shop-web-1");
  await compare("burner", container, { used: Number(used), seenMs });
  await sh("docker unpause shop-web-1");

  await sh("docker update --cpus 0.25 --memory 48m --memory-swap 96m shop-web-1");
  const updatedAt = Date.now();
  await until("the new limits", async () => (await isThere()).limits.cpu_cores === 0.25);
  tell({ name: "updated", ms: Date.now() - updatedAt, limits: (await isThere()).limits });

  await sh("docker kill shop-web-1");
  const killedAt = Date.now();
  await until("it to be gone", async () => (await isThere()) === undefined);
  const page = (await ask("/metrics")).split("\n");
  const left = page.filter((line) => line.includes(container.id));
  tell({ name: "gone", ms: Date.now() - killedAt, left });
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
  const container = await run("writer", "-v /var/out:/out", command);
  const mark = (name) => `/proc/${container.pid}/root/dev/shm/${name}`;
  await until("it to be warm", () => existsSync(mark("warm")));
  const before = readTexts(containerCgroup(container.id))["io.stat"];
  writeFileSync(mark("go"), "");
  await until("it to be done", () => existsSync(mark("done")));
  await compare("writer", container, { before });
}

async function killed() {
  const command = "sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 1000'";
  const container = await run("killed", "--memory 16m --memory-swap 16m", command);
  const events = `${CGROUPS}${containerCgroup(container.id)}/memory.events`;
  await until("the kill", () => /^oom_kill 1$/m.test(readFileSync(events, "utf8")));
  await compare("killed", container);
}

/** 40 MB in a file system in memory, of which 16 MB have room. */
async function swapped() {
  const command = "sh -c 'dd if=/dev/zero of=/t/file bs=1M count=40; touch /t/done; sleep 1000'";
  const container = await run("swapped", "--memory 16m --memory-swap 80m --tmpfs /t", command);
  await until("the file", () => existsSync(`/proc/${container.pid}/root/t/done`));
  await compare("swapped", container);
}

/** Touches 2000 pages, then reads a file that is on the disk only. */
async function reader() {
  await sh("sync; echo 3 > /proc/sys/vm/drop_caches");
  const touch = `dd if=/dev/zero of=/dev/null bs=${2000 * 4096} count=1`;
  const files = "cat /host/var/out/file /host/var/out/file > /dev/null";
  const rest = "exec chroot /host /bin/bash -c 'sleep 1000; :'";
  const command = `sh -c "${touch}; ${files}; ${rest}"`;
  const container = await run("reader", "-v /:/host:ro", command);
  await until("it to rest", () =>
    readFileSync(`/proc/${container.pid}/comm`, "utf8").startsWith("bash"),
  );
  await compare("reader", container, { pages: 2000 });
}

async function crew() {
  const command = "sh -c 'for i in 1 2 3 4; do sleep 1000 & done; wait'";
  await compare("crew", await run("crew", "", command));
}

async function networked() {
  const command = "sh -c 'ping -c 5 -s 1000 172.17.0.1; sleep 1000'";
  const container = await run("networked", "", command, "bridge");
  await until("the answers", async () =>
    (await sh("docker logs networked")).includes("5 packets received"),
  );
  await compare("networked", container);
}

/** The machine's own numbers, and its files before and after. */
export async function machine() {
  const before = textsOf("", 1);
  // One that was under way when the files were read comes first.
  const said = await saidAfter("/", 2);
  tell({ name: "machine", cgroup: "/", before, said, after: textsOf("", 1) });
}

/** Each of them; the last has what is in the page cache dropped, which others may need again. */
export async function containers() {
  await Promise.all([burner, writer, killed, swapped, crew, networked].map(attempt));
  await attempt(reader);
}
