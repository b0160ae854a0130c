/**
 * Runs in the virtual machine: a container that does everything that has series, and an agent that
 * shows all groups. Tells its page, compressed, and what of all that a machine may lack is there.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

const LISTEN = "127.0.0.1:8181";
const NEEDS = JSON.parse(readFileSync("needs.json", "utf8"));

const LIMITS = "--cpus 0.2 --memory 64m --pids-limit 50 --network bridge";
const LABELS = "--label com.docker.compose.project=shop --label com.docker.compose.service=web";
const VOLUMES = "-v /var/out:/out -v web-data:/data";
const WORK = [
  "dd if=/out/families of=/dev/null bs=4096 count=20 iflag=direct",
  "dd if=/dev/zero of=/out/families conv=notrunc bs=4096 count=20 oflag=direct",
  "echo text > /data/file",
  "nc -l -p 80 & nc -u -l -p 53 & while :; do :; done",
].join("; ");

function sh(command) {
  return execFileSync("sh", ["-c", command], { encoding: "utf8" }).trim();
}

function startAgent() {
  const log = openSync("families.log", "w");
  const settings = [
    `--listen=${LISTEN}`,
    "--metrics-enable=all",
    "--load-reader",
    "--perf-events-config=perf.json",
    "--containers-only",
  ];
  return spawn("node", ["app/dist/cli.js", "agent", ...settings], { stdio: ["ignore", log, log] });
}

/** The page once the slowest of all measurements is on it: the walk over the container's volume. */
async function wholePage(id) {
  const started = Date.now();
  const volume = new RegExp(`^container_volume_usage_bytes\\{id="[^"]*${id}`, "m");
  for (;;) {
    const page = await fetch(`http://${LISTEN}/metrics`).then(
      (response) => response.text(),
      () => "",
    );
    if (volume.test(page) || Date.now() - started > 180_000) break;
    await sleep(1000);
  }
  await sleep(5000);
  return (await fetch(`http://${LISTEN}/metrics`)).text();
}

writeFileSync("perf.json", JSON.stringify({ core: { events: ["context-switches"] } }));
sh("mkdir -p /var/out; dd if=/dev/zero of=/var/out/families bs=4096 count=20 2>&1; sync");
const id = sh(
  `docker run -d --name families ${LIMITS} ${LABELS} ${VOLUMES} busybox:1 sh -c "${WORK}"`,
);
const cgroup = `/system.slice/docker-${id}.scope`;
const agent = startAgent();
try {
  const page = gzipSync(await wholePage(id)).toString("base64");
  const has = Object.keys(NEEDS).filter((need) => {
    const condition = NEEDS[need].replaceAll("{cgroup}", cgroup).replaceAll("{disk}", "");
    return spawnSync("sh", ["-c", condition]).status === 0;
  });
  console.log(`RESULT ${JSON.stringify({ name: "families", cgroup, has, page })}`);
} finally {
  agent.kill("SIGTERM");
  console.log(readFileSync("families.log", "utf8"));
}
