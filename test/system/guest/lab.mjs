/** What the programs in the virtual machine share: cgroups, workloads, and asking the agent. */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export const CGROUPS = "/sys/fs/cgroup";

/** The cgroup above those that are made here. */
export const PARENT = "/exact";

/** A cgroup that stands still is read whole in every fifth sample, once it has been quiet for some. */
export const WHOLE = 9;

const AGENT = "http://127.0.0.1:8180";

/** The kernel's files of a cgroup that are compared. */
const FILES =
  /^(?:cpu\.(?:stat|max)|(?:cpu|io|memory)\.pressure|io\.stat|memory\.(?:stat|current|peak|events|numa_stat|swap\.current)|pids\.(?:current|max)|cgroup\.procs|hugetlb\..+)$/;

const execute = promisify(execFile);

/** Runs a shell command; gives what it prints. */
export async function sh(command) {
  const { stdout } = await execute("sh", ["-c", command]);
  return stdout.trim();
}

export function tell(result) {
  console.log(`RESULT ${JSON.stringify(result)}`);
}

export async function until(what, check, seconds = 180) {
  const started = Date.now();
  for (;;) {
    const isLast = Date.now() - started > seconds * 1000;
    const answer = await check();
    if (answer) return answer;
    if (isLast) throw new Error(`waited in vain for ${what}`);
    await sleep(100);
  }
}

/** Runs a part; if it fails the others go on, and the program ends with 1. */
export async function attempt(part) {
  try {
    return await part();
  } catch (error) {
    console.log(error.stack);
    process.exitCode = 1;
  }
}

/** Asks the agent; undefined where it answers with an error. A connection that it has just closed is made anew. */
export async function ask(route) {
  const again = async () => {
    await sleep(1000);
    return fetch(`${AGENT}${route}`);
  };
  const response = await fetch(`${AGENT}${route}`).catch(again);
  return response.ok ? response.text() : undefined;
}

async function askFeed(since) {
  const lines = (await ask(`/stats/feed?since=${since}`)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** Waits until so many samples of these cgroups have been taken; gives the page after them, and the feed. */
export async function pageAfter(cgroups, samples) {
  const [{ cursor }] = await askFeed("");
  const [head, ...lines] = await until(`${samples} samples`, async () => {
    await sleep(500);
    const feed = await askFeed(cursor);
    const isEnough = cgroups.every((cgroup) => {
      const { ticks = [] } = feed.find(({ id }) => id === cgroup) ?? {};
      return ticks.length >= samples;
    });
    return isEnough && feed;
  });
  return { page: await ask("/metrics"), head, lines };
}

/** The lines of a page about a cgroup. */
export function linesOf(page, cgroup) {
  return page
    .split("\n")
    .filter((line) => line.includes(`id="${cgroup}"`))
    .join("\n");
}

export function readTexts(cgroup) {
  const directory = `${CGROUPS}${cgroup}`;
  const texts = {};
  for (const file of readdirSync(directory)) {
    if (!FILES.test(file)) continue;
    // The averages of pressure go on changing when nothing happens any more.
    texts[file] = readFileSync(`${directory}/${file}`, "utf8").replaceAll(/avg\S+ /g, "");
  }
  return texts;
}

/** Gives the children of a cgroup every controller that there is. */
export function delegate(cgroup) {
  const directory = `${CGROUPS}${cgroup}`;
  const controllers = readFileSync(`${directory}/cgroup.controllers`, "utf8").trim().split(" ");
  for (const name of controllers) writeFileSync(`${directory}/cgroup.subtree_control`, `+${name}`);
}

/** Makes a cgroup with some of its files written. */
export function makeCgroup(name, files = {}) {
  const cgroup = `${PARENT}/${name}`;
  mkdirSync(`${CGROUPS}${cgroup}`);
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(`${CGROUPS}${cgroup}/${file}`, text);
  }
  return cgroup;
}

/** Starts a command that is in a cgroup from its first instruction on. */
export function start(cgroup, ...command) {
  const join = `echo $$ > ${CGROUPS}${cgroup}/cgroup.procs && exec "$@"`;
  const log = openSync("workloads.log", "a");
  return spawn("sh", ["-c", join, "sh", ...command], { stdio: ["ignore", log, log] });
}

/** Waits until a process has stopped itself. */
export function stopped({ pid }) {
  return until(`process ${pid} to stop itself`, () =>
    /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8")),
  );
}

/** Runs a shell script in a cgroup; it is stopped, and not ended, when it is through. */
export async function rest(cgroup, script) {
  const child = start(cgroup, "sh", "-c", `${script}; kill -STOP $$; :`);
  await stopped(child);
  return child;
}

/** The cgroup of a container of the engine. */
export function containerCgroup(id) {
  return `/system.slice/docker-${id}.scope`;
}

/** Starts a container. */
export async function run(name, options, command, network = "none") {
  const line = `docker run -d --name ${name} --network ${network} ${options}`;
  const id = await sh(`${line} busybox:1 ${command}`);
  return { id, pid: Number(await sh(`docker inspect -f '{{.State.Pid}}' ${id}`)) };
}

export async function startAgent(...args) {
  const log = openSync("agent.log", "w");
  const command = ["app/dist/cli.js", "agent", ...args];
  const agent = spawn("node", command, { stdio: ["ignore", log, log] });
  await until("the agent", () => ask("/healthz").catch(() => undefined));
  return agent;
}
