// @ts-check
// Makes a clone ready to run, before `npm start` and `npm test`: installs the packages and builds the
// programs, where that has not been done since they changed. Says nothing when nothing is to do.

// This is no part of the programs, which start no child processes.
// oxlint-disable-next-line no-restricted-imports
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { takeLock } from "./prepare-lock.mjs";

/**
 * A thing that may have to be done.
 * @typedef {object} Step
 * @property {string} doing what is said while it is done
 * @property {string} name what is said when it fails
 * @property {() => boolean} isDone
 * @property {string[]} npm the arguments for npm
 * @property {() => void} [before]
 * @property {() => void} [after]
 */

const project = fileURLToPath(new URL("..", import.meta.url));
const installed = path.join(project, "node_modules/.package-lock.json");
const wanted = path.join(project, "package-lock.json");
const dist = path.join(project, "dist");
const stamp = path.join(dist, ".built-from");
const sources = [
  "agent",
  "aggregator",
  "bench",
  "cli.ts",
  "commands",
  "dashboards",
  "docs",
  "lib",
  "wire",
];
const settings = ["package-lock.json", "package.json", "tsconfig.build.json", "tsconfig.json"];

/**
 * Ends the npm that works at the moment.
 * @type {((signal: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGKILL", whenEnded: () => void) => void) | undefined}
 */
let endNpm;

/**
 * Whether all that package-lock.json names is there. npm writes its own list into node_modules last, so
 * an installation that was cut short has none; but somebody may have removed a folder since.
 * @returns {boolean}
 */
function hasPackages() {
  if (!existsSync(installed)) return false;
  const found = new Map(packagesIn(installed));
  return packagesIn(wanted).every(([name, { version, optional }]) => {
    const isThere = existsSync(path.join(project, name));
    // Optional ones are for other systems than this one.
    return isThere ? found.get(name)?.version === version : optional === true;
  });
}

/**
 * @typedef {[name: string, details: { version?: string, optional?: boolean }]} Package
 * @param {string} file
 * @returns {Package[]} but for the project itself; none if the file is damaged
 */
function packagesIn(file) {
  try {
    return Object.entries(JSON.parse(readFileSync(file, "utf8")).packages).filter(
      ([name]) => name !== "",
    );
  } catch {
    return [];
  }
}

/** @returns {boolean} */
function isBuilt() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === sourcesHash();
}

/**
 * Names, sizes and times of the sources in one number. A comparison with the time of the result would
 * miss a file that was removed, and an older one that was put back.
 * @returns {string}
 */
function sourcesHash() {
  const hash = createHash("sha256");
  for (const entry of [...sources, ...settings]) addTo(hash, path.join(project, entry));
  return hash.digest("hex");
}

/**
 * @param {import("node:crypto").Hash} hash
 * @param {string} file
 */
function addTo(hash, file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isDirectory()) {
    for (const name of readdirSync(file).toSorted()) addTo(hash, path.join(file, name));
    return;
  }
  hash.update(`${path.relative(project, file)} ${stat.size} ${stat.mtimeMs}\n`);
}

/** @returns {Step} */
function installStep() {
  const neededCount = packagesIn(wanted).filter(([, { optional }]) => optional !== true).length;
  return {
    doing: `installing ${neededCount} packages`,
    name: "install the packages",
    isDone: hasPackages,
    npm: ["ci", "--include=dev", "--no-audit", "--no-fund"],
  };
}

/** @returns {Step} */
function buildStep() {
  let hash = "";
  return {
    doing: "building the programs and the web page",
    name: "build the programs",
    isDone: isBuilt,
    npm: ["run", "build"],
    before() {
      // Taken first: what is edited during the build makes the next one necessary.
      hash = sourcesHash();
      rmSync(stamp, { force: true });
    },
    after: () => writeFileSync(stamp, hash),
  };
}

/**
 * Runs npm, with a line of progress; its own output is shown only if it fails.
 * @param {Step} step
 * @param {string} place such as `[1/2]`
 * @returns {Promise<number>} the exit code
 */
async function perform(step, place) {
  const started = performance.now();
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`;
  const isTerminal = process.stderr.isTTY;
  process.stderr.write(`${place} ${step.doing} …${isTerminal ? "" : "\n"}`);
  const timer = setInterval(
    () => {
      if (isTerminal) process.stderr.write(`\r${place} ${step.doing} … ${seconds()}`);
      else process.stderr.write(`${place} ${step.doing} … ${seconds()}\n`);
    },
    isTerminal ? 1000 : 10_000,
  );
  step.before?.();
  const { code, output } = await runNpm(step.npm);
  clearInterval(timer);
  if (isTerminal) process.stderr.write("\r");
  process.stderr.write(
    `${place} ${step.doing} … ${code === 0 ? "done" : "failed"}, ${seconds()}\n`,
  );
  if (code === 0) {
    step.after?.();
    return 0;
  }
  process.stderr.write(output);
  const command = `npm ${step.npm.join(" ")}`;
  process.stderr.write(`cannot ${step.name}: \`${command}\` ended with exit code ${code}\n`);
  return code;
}

/**
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
function runNpm(args) {
  // The npm that runs this script, if one does: there may be another one in PATH, or none.
  const npm = process.env["npm_execpath"];
  const [command, ...front] = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  return new Promise((resolve) => {
    const child = spawn(command ?? "npm", [...front, ...args], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
    });
    endNpm = (signal, whenEnded) => {
      child.once("close", whenEnded);
      child.kill(signal);
    };
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output = (output + text).slice(-20_000);
      });
    }
    child.once("error", (error) => resolve({ code: 127, output: `${String(error)}\n` }));
    child.once("close", (code) => {
      endNpm = undefined;
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Ends npm before this process ends, so that the lock is not given away while npm still writes. */
function passOnSignals() {
  for (const [signal, code] of /** @type {const} */ ([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])) {
    const end = () => process.exit(code);
    process.once(signal, () => {
      if (endNpm === undefined) return end();
      endNpm(signal, end);
      // npm puts signals off while it writes packages. What it leaves then is seen as half-installed.
      setTimeout(() => endNpm?.("SIGKILL", end), 2000);
    });
  }
}

/** @returns {Promise<number>} the exit code */
async function prepare() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    const message = `Node.js 20.19 or newer is needed; this is ${process.versions.node}`;
    process.stderr.write(`${message} (https://nodejs.org, or your system's packages)\n`);
    return 1;
  }
  if (hasPackages() && isBuilt()) return 0;
  passOnSignals();
  mkdirSync(dist, { recursive: true });
  await takeLock(path.join(dist, ".prepare.lock"));
  const steps = [installStep(), buildStep()].filter((step) => !step.isDone());
  for (const [index, step] of steps.entries()) {
    const code = await perform(step, `[${index + 1}/${steps.length}]`);
    if (code !== 0) return code;
  }
  return 0;
}

process.exitCode = await prepare();
