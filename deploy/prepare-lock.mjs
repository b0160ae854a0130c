// @ts-check
// A lock between processes of one machine: a file that names its holder.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/**
 * Waits until this process holds the lock, says so if it is not at once, and releases it when the
 * process ends. A lock whose holder is gone is taken over.
 * @param {string} file
 * @returns {Promise<void>}
 */
export async function takeLock(file) {
  const mine = `${file}.${process.pid}`;
  let told = false;
  try {
    writeFileSync(mine, holderOf(process.pid));
    while (!tryToTake(file, mine)) {
      const holder = readOrEmpty(file);
      if (!told && isAlive(holder)) {
        process.stderr.write(
          `waiting for process ${holder.split(" ")[0]}, which prepares already …\n`,
        );
        told = true;
      }
      await setTimeout(200);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  process.once("exit", () => rmSync(file, { force: true }));
}

/**
 * @param {string} file
 * @param {string} mine
 * @returns {boolean}
 */
function tryToTake(file, mine) {
  const holder = readOrEmpty(file);
  if (holder !== "" && !isAlive(holder)) removeStale(file, mine, holder);
  try {
    // Unlike creating the file and then writing it, this never shows an empty lock.
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Two may find the same stale lock; whoever comes second must not remove the first one's new lock.
 * @param {string} file
 * @param {string} mine
 * @param {string} holder
 */
function removeStale(file, mine, holder) {
  const aside = `${mine}.stale`;
  try {
    renameSync(file, aside);
    if (readOrEmpty(aside) !== holder) linkSync(aside, file);
  } catch {
    // Another one was faster.
  }
  rmSync(aside, { force: true });
}

/**
 * @param {number} pid
 * @returns {string} the process id, and on Linux its start time, which tells it from a later process of that id
 */
function holderOf(pid) {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return `${pid} ${start}`;
}

/**
 * @param {string} holder
 * @returns {boolean}
 */
function isAlive(holder) {
  const pid = Number(holder.split(" ")[0]);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, but a living one.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return holderOf(pid) === holder;
}

/**
 * @param {string} file
 * @returns {string}
 */
function readOrEmpty(file) {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
