import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFiles } from "../cgroup/kernel-files.ts";
import { errorNameOf, type Libc } from "../syscalls/libc.ts";
import { closePerfGroup, openPerfGroup, type PerfEvent } from "../syscalls/perf-event.ts";
import type { Absences } from "./absences.ts";
import type { PerfConfig } from "./perf-config.ts";
import { type Counted, PerfCounts } from "./perf-counts.ts";
import { customEvent, namedEvent } from "./perf-names.ts";
import { readCpuText } from "./perf-sockets.ts";
import { openUncore } from "./perf-uncore.ts";
import { parseCpus, type PerfUnit, readPerfUnits } from "./perf-units.ts";

/** Events that are counted together, ready for the kernel. */
export interface NamedGroup {
  readonly names: readonly string[];
  readonly events: readonly PerfEvent[];
}

/** What perf events are opened with. */
export interface PerfParts {
  readonly libc: Libc;
  readonly config: PerfConfig;
  readonly files: KernelFiles;
  readonly sysRoot: string;
  readonly cgroupRoot: string;
  readonly absences: Absences;
  /** A series for each CPU, not one for all of them. */
  readonly isPerCpu: boolean;
  /** How many descriptors it may have. */
  readonly most: number;
}

const WHY: Readonly<Record<string, string>> = {
  EACCES:
    "the kernel does not allow it: CAP_PERFMON is needed, or a lower kernel.perf_event_paranoid",
  EPERM:
    "the kernel does not allow it: CAP_PERFMON is needed, or a lower kernel.perf_event_paranoid",
  ENOENT: "this processor, or its virtual machine, does not count it",
  EOPNOTSUPP: "this processor, or its virtual machine, does not count it",
  ENODEV: "this processor, or its virtual machine, does not count it",
  EINVAL: "the kernel does not take it, alone or in its group",
  EMFILE: "there are too few file descriptors; raise the limit (ulimit -n, LimitNOFILE)",
};

/** Opens the counters that were asked for. What the kernel refuses is left out, and told once. */
export class PerfEvents {
  readonly #parts: PerfParts;
  readonly #cpus: readonly number[];
  /** The hierarchy of perf events if it is mounted by itself, as v1 has it. */
  readonly #v1Root: string | undefined;
  readonly #groups: readonly NamedGroup[];
  readonly #units: readonly PerfUnit[];
  #open = 0;

  constructor(parts: PerfParts) {
    this.#parts = parts;
    const { sysRoot, cgroupRoot, config } = parts;
    this.#cpus = parseCpus(readCpuText(sysRoot, "online"));
    const v1Root = join(cgroupRoot, "perf_event");
    this.#v1Root = existsSync(v1Root) ? v1Root : undefined;
    this.#units = readPerfUnits(sysRoot);
    const { groups, custom } = config.core;
    const known = groups.flatMap((names) => {
      const events = names.map((name) => {
        const numbers = custom.get(name);
        return numbers === undefined ? namedEvent(name, this.#units) : customEvent(numbers);
      });
      const unknown = names.find((_, index) => events[index] === undefined);
      if (unknown === undefined)
        return [{ names, events: events.filter((one) => one !== undefined) }];
      this.#tell(names, "unknown_event", `this machine has no event ${unknown}`);
      return [];
    });
    this.#groups = known.filter((group) => this.#isTaken(group));
  }

  /** Starts counting for a cgroup; undefined where it can't be. */
  openCgroup(cgroup: Cgroup): PerfCounts | undefined {
    const wanted = this.#descriptorsFor(this.#groups);
    if (wanted === 0 || !this.#reserve(wanted)) return undefined;
    const counted = this.#inDirectory(this.#directoryOf(cgroup), (directory) =>
      this.#groups.flatMap((group) => this.#openOnAll(group, directory)),
    );
    return this.#keep(wanted, new PerfCounts(0, counted ?? []));
  }

  /** Starts counting what is outside the cores; undefined where nothing is asked for or to be had. */
  openUncore(): PerfCounts | undefined {
    const { libc, sysRoot, config } = this.#parts;
    const counted = openUncore(libc, config.uncore, this.#units, sysRoot, (names, result) =>
      this.#refused(names, result),
    );
    const counts = new PerfCounts(2, counted);
    if (this.#reserve(counts.descriptors)) return this.#keep(counts.descriptors, counts);
    counts.close();
    return undefined;
  }

  close(counts: PerfCounts): void {
    this.#give(counts.descriptors);
    counts.close();
  }

  /** Gives back what was reserved and not needed. */
  #keep(reserved: number, counts: PerfCounts): PerfCounts | undefined {
    this.#give(reserved - counts.descriptors);
    return counts.descriptors === 0 ? undefined : counts;
  }

  #reserve(descriptors: number): boolean {
    const { files, most } = this.#parts;
    if (this.#open + descriptors <= most && files.reserve(descriptors)) {
      this.#open += descriptors;
      return true;
    }
    const detail = `${most} file descriptors are for perf events, and more would be needed; raise the limit (ulimit -n, LimitNOFILE) or ask for fewer events`;
    this.#tell(["some cgroups"], "limit", detail);
    return false;
  }

  #give(descriptors: number): void {
    this.#open -= descriptors;
    this.#parts.files.giveBack(descriptors);
  }

  #descriptorsFor(groups: readonly NamedGroup[]): number {
    return this.#cpus.length * groups.reduce((sum, { names }) => sum + names.length, 0);
  }

  #directoryOf({ id, directories }: Cgroup): string | undefined {
    if (this.#v1Root !== undefined) return join(this.#v1Root, id);
    return directories.find(({ version }) => version === 2)?.directory;
  }

  #inDirectory<T>(path: string | undefined, use: (descriptor: number) => T): T | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(path ?? "", "r");
    } catch {
      const where = path ?? "there is neither cgroup v2 nor v1's perf_event";
      const detail = `the cgroup is in no hierarchy that counts events (${where}); on a host with both versions an engine may use only v1`;
      this.#tell(["some cgroups"], "no_cgroup", detail);
      return undefined;
    }
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Whether the kernel takes a group at all, tried out on the root cgroup. */
  #isTaken({ names, events }: NamedGroup): boolean {
    const { cgroupRoot, libc } = this.#parts;
    const roots = [this.#v1Root, join(cgroupRoot, "unified"), cgroupRoot];
    const root = roots.find((path) => path !== undefined && existsSync(path));
    const [cpu = 0] = this.#cpus;
    const group = this.#inDirectory(root, (cgroup) => openPerfGroup(libc, events, { cgroup, cpu }));
    if (group === undefined) return false;
    if (typeof group !== "number") {
      closePerfGroup(group);
      return true;
    }
    this.#refused(names, group);
    return false;
  }

  /** A group on each CPU, or on none. */
  #openOnAll({ names, events }: NamedGroup, cgroup: number): Counted[] {
    const { libc, isPerCpu } = this.#parts;
    const counted: Counted[] = [];
    for (const cpu of this.#cpus) {
      const group = openPerfGroup(libc, events, { cgroup, cpu });
      if (typeof group === "number") {
        for (const one of counted) closePerfGroup(one.group);
        this.#refused(names, group);
        return [];
      }
      const label = isPerCpu ? String(cpu) : "";
      counted.push({ group, keys: names.map((event) => encodeLabels({ cpu: label, event })) });
    }
    return counted;
  }

  #refused(names: readonly string[], result: number): void {
    const error = errorNameOf(result);
    this.#tell(names, "refused", `${WHY[error] ?? "the kernel refuses it"} (${error})`);
  }

  #tell(names: readonly string[], reason: string, detail: string): void {
    this.#parts.absences.add({ collector: "perf_event", what: names.join(", "), reason, detail });
  }
}
