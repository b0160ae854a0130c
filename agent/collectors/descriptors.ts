import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { descriptorMetrics } from "../../wire/metrics/process.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import { countLines, type Text } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { OpenDescriptors } from "./open-descriptors.ts";
import { Standstill } from "./standstill.ts";

const FILE_DESCRIPTORS = columnOf(descriptorMetrics.fileDescriptors);
const SOCKETS = columnOf(descriptorMetrics.sockets);
const MAX_OPEN_FILES = columnOf(descriptorMetrics.maxOpenFiles);
const MAX_OPEN_FILES_HARD = columnOf(descriptorMetrics.maxOpenFilesHard);

/**
 * Samples after which the limit of a process is read again: it seldom changes, but many a program
 * raises it as soon as it runs.
 */
const LIMIT_EARLY = [0, 2, 9];
const LIMIT_EVERY = 60;

/** The soft limit of open files in `/proc/<pid>/limits`; -1 = none, NaN if it isn't told. */
export function parseMaxOpenFiles({ bytes, length }: Text): number {
  return limitOf(/^Max open files +(\d{1,20}|unlimited) .*\n/m.exec(latin1(bytes, length))?.[1]);
}

/** The hard limit, likewise. */
function parseMaxOpenFilesHard({ bytes, length }: Text): number {
  const line = /^Max open files +(?:\d{1,20}|unlimited) +(\d{1,20}|unlimited) .*\n/m;
  return limitOf(line.exec(latin1(bytes, length))?.[1]);
}

function latin1(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
}

function limitOf(word: string | undefined): number {
  return word === "unlimited" ? -1 : Number(word ?? Number.NaN);
}

/** The limits of the process that comes first, kept between its readings. */
class FirstLimit {
  hard = Number.NaN;
  readonly #host: Host;
  #pid: number | undefined;
  #age = 0;
  #value = Number.NaN;

  constructor(host: Host) {
    this.#host = host;
  }

  of(pid: number | undefined): number {
    if (pid !== this.#pid) this.#age = 0;
    this.#pid = pid;
    const isDue = LIMIT_EARLY.includes(this.#age) || this.#age % LIMIT_EVERY === 0;
    this.#age++;
    if (isDue) this.#value = this.#read();
    return this.#value;
  }

  #read(): number {
    const { files, procRoot } = this.#host;
    const path = join(procRoot, String(this.#pid), "limits");
    this.hard = Number.NaN;
    if (!this.#pid || !files.readOfProcess(path)) return Number.NaN;
    this.hard = parseMaxOpenFilesHard(files.text);
    return parseMaxOpenFiles(files.text);
  }
}

/** File descriptors and sockets of the processes in the cgroup itself, and how many the first may have. */
export const descriptors: Collector = {
  name: "descriptors",
  group: "process",
  metrics: Object.values(descriptorMetrics),
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const place = cgroup.controller("pids");
    if (place === undefined) return undefined;
    const list = join(place.directory, "cgroup.procs");
    if (!host.files.readOnce(list, true)) return undefined;
    // A container without a process in its list has them in inner cgroups, or where we don't see them.
    const isContainer = engineIdOf(cgroup.id) !== undefined;
    if (isContainer && countLines(host.files.text) === 0) return undefined;
    const open = new OpenDescriptors(host, list);
    const limit = new FirstLimit(host);
    const standstill = new Standstill();
    return {
      read(row) {
        open.read(standstill.isStill(row));
        row[FILE_DESCRIPTORS] = open.descriptors;
        row[SOCKETS] = open.sockets;
        row[MAX_OPEN_FILES] = limit.of(open.first);
        row[MAX_OPEN_FILES_HARD] = limit.hard;
      },
      close() {
        open.close();
      },
    };
  },
};
