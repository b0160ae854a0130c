/**
 * Runs in the virtual machine: containers whose names and states change, and after each change what
 * Docker lists and what the agent says; then what a doctor finds out.
 */
import { ask, attempt, run, sh, tell, until } from "./lab.mjs";

/** Where doctor is told to look whether it may listen: the agent beside it has the usual port. */
const FREE = "127.0.0.1:8199";

/** All that runs, as Docker lists it: id, name, state and image of each. */
async function listed() {
  const lines = await sh(
    "docker ps --no-trunc --format '{{.ID}} {{.Names}} {{.State}} {{.Image}}'",
  );
  return lines.split("\n").toSorted();
}

/** The same as the agent says it, with the cgroups. */
async function said() {
  const { containers } = JSON.parse(await ask("/stats?metrics=cpu_cores"));
  const engines = containers.filter(({ container_id: id }) => id !== undefined);
  const lines = engines.map(
    ({ container_id: id, name, state, image }) => `${id} ${name} ${state} ${image}`,
  );
  return {
    agent: lines.toSorted(),
    cgroups: engines.map(({ id }) => id),
    // Of those the agent knows nothing but the cgroup's path.
    nameless: containers.filter(({ id, name }) => /docker-/.test(id) && name === id),
  };
}

/** Changes something, and waits until the agent says what Docker does. */
async function step(what, command) {
  await command();
  const started = Date.now();
  let answer;
  await until(`the agent to follow: ${what}`, async () => {
    const engine = await listed();
    answer = { what, engine, ...(await said()), ms: Date.now() - started };
    return String(answer.agent) === String(engine) || Date.now() - started > 30_000;
  });
  return answer;
}

async function lives() {
  const boats = ["ferry", "barge", "skiff"];
  const steps = [
    ["start", () => Promise.all(boats.map((name) => run(name, "--label kind=boat", "sleep 1000")))],
    ["rename", () => sh("docker rename ferry liner")],
    ["pause", () => sh("docker pause barge")],
    ["unpause", () => sh("docker unpause barge")],
    ["restart", () => sh("docker restart --time 0 skiff")],
    ["kill", () => sh("docker kill barge")],
    ["start again", () => sh("docker start barge")],
    ["remove", () => sh("docker rm --force liner")],
  ];
  const told = [];
  for (const [what, command] of steps) told.push(await step(what, command));
  const { containers } = JSON.parse(await ask("/stats/skiff"));
  const startedAt = await sh("docker inspect --format '{{.State.StartedAt}}' skiff");
  tell({ name: "lives", steps: told, skiff: containers[0], startedAt });
  await sh("docker rm --force barge skiff");
}

async function doctor() {
  const started = Date.now();
  const command = `node app/dist/cli.js doctor --format=json --listen=${FREE}`;
  const text = await sh(`${command} 2> doctor.log; code=$?; echo; echo $code`);
  const [, json, code] = /^([^]*)\n(\d+)$/.exec(text) ?? [];
  tell({ name: "doctor", code: Number(code), found: JSON.parse(json), ms: Date.now() - started });
  const metric = "container_memory_migrate";
  tell({ name: "absent", metric, ...JSON.parse(await ask(`/diagnostics?metric=${metric}`)) });
}

/** Who containers are, and what doctor says of the machine. */
export async function whoAndWhy() {
  await attempt(lives);
  await attempt(doctor);
}
