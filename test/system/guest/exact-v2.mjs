/**
 * Runs in the virtual machine: workloads of known size, the agent beside them, and what both the
 * kernel and the agent say of them. Each result is a line of JSON.
 */
import { mkdirSync, readFileSync } from "node:fs";

import { containers, machine } from "./containers.mjs";
import { whoAndWhy } from "./engine.mjs";
import { families, prepareFamilies } from "./every-family.mjs";
import { attempt, sh, startAgent, tell } from "./lab.mjs";

async function prepare() {
  const install = "for a in $(rootfs/bin/busybox --list); do ln -s busybox rootfs/bin/$a; done";
  await sh(`mkdir -p rootfs/tmp rootfs/proc rootfs/sys rootfs/dev rootfs/host; (${install}) 2>&1`);
  await sh("tar -C rootfs -c . | docker import - busybox:1");
  // A huge page would take one fault for 512 pages.
  await sh("echo never > /sys/kernel/mm/transparent_hugepage/enabled");
  await sh(
    "dd if=/dev/zero of=/swap bs=1M count=96 2>&1; chmod 600 /swap; mkswap /swap; swapon /swap",
  );
  mkdirSync("/var/out");
  await sh("dd if=/dev/zero of=/var/out/file bs=1M count=8 2>&1; sync");
  // What is to be written stays so until somebody asks for it.
  await sh("sysctl -w vm.dirty_writeback_centisecs=0; sysctl -w vm.dirty_expire_centisecs=360000");
}

const took = (what) => console.log(`${what}: ${Math.round(process.uptime())} s`);

await prepare();
prepareFamilies();
took("prepared");
const agent = await startAgent(
  "--metrics-enable=all",
  "--load-reader",
  "--perf-events-config=perf.json",
);
took("agent");
try {
  const [finish] = await Promise.all([families, containers].map(attempt));
  took("compared");
  await attempt(finish);
  await attempt(machine);
  took("finished");
  await attempt(whoAndWhy);
  took("named");
  const ended = new Promise((resolve) =>
    agent.once("exit", (code, signal) => resolve({ code, signal })),
  );
  agent.kill("SIGTERM");
  tell({ name: "ended", ...(await ended) });
} finally {
  console.log(readFileSync("agent.log", "utf8"));
  console.log(readFileSync("workloads.log", "utf8"));
}
// The workloads are stopped, not ended: the machine is switched off with them.
process.exit();
