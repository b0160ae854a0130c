import type { Container } from "../../wire/container.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { EventLog } from "./event-log.ts";

/** An engine tells how a container ended about when its cgroup goes, sooner or later. */
const WAIT_MS = 2000;

/** So many ends are remembered for cgroups that have yet to go. */
const MOST_ENDS = 1000;

/** How cAdvisor says that nobody knows. */
const UNKNOWN_CODE = -1;

/** What the kernel told of a kill for the lack of memory; without a victim where no message named it. */
interface Kill {
  readonly time: number;
  readonly cgroup: string;
  readonly oomCgroup?: string;
  readonly pid?: number;
  readonly process?: string;
  readonly constraint?: string;
}

/** What an engine tells. */
interface EngineWord {
  readonly id: string;
  readonly action: string;
  readonly exitCode?: number;
}

interface Gone {
  readonly cgroup: string;
  readonly time: number;
}

/** Puts down when cgroups came and went and what was killed in them, in cAdvisor's words. */
export class Lives {
  readonly #log: EventLog;
  /** By the engine's id. */
  readonly #exitCodes: Map<string, number> = new Map();
  readonly #waiting: Map<string, Gone> = new Map();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** A cgroup has been found, which was made at a time (Unix milliseconds). */
  came(cgroup: string, time: number): void {
    this.#log.append({ time, type: "containerCreation", cgroup, data: {} });
  }

  /** A cgroup has gone, which was this container's. */
  gone(cgroup: string, container: Container, time: number): void {
    const id = engineIdOf(cgroup);
    const code = this.#exitCodes.get(id ?? "");
    if (id !== undefined && code === undefined && container.runtime !== undefined) {
      this.#waiting.set(id, { cgroup, time });
      return;
    }
    this.#exitCodes.delete(id ?? "");
    this.#putDown({ cgroup, time }, code);
  }

  /** An engine tells of a container. */
  hear({ id, action, exitCode }: EngineWord): void {
    // Whoever begins again has not ended.
    if (action === "start") this.#exitCodes.delete(id);
    if (action !== "die" || exitCode === undefined || Number.isNaN(exitCode)) return;
    const gone = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (gone !== undefined) return this.#putDown(gone, exitCode);
    this.#exitCodes.set(id, exitCode);
    const [oldest] = this.#exitCodes.keys();
    if (this.#exitCodes.size > MOST_ENDS && oldest !== undefined) this.#exitCodes.delete(oldest);
  }

  /** A process was killed: told of the cgroup that had no memory left, and of the process's. */
  killed({ time, cgroup, oomCgroup, pid, process, constraint }: Kill): void {
    this.#log.append({ time, type: "oom", cgroup: oomCgroup ?? cgroup, data: {} });
    const oom = { pid, process_name: process, constraint: constraint ?? "" };
    const data = pid === undefined ? {} : { oom };
    this.#log.append({ time, type: "oomKill", cgroup, data });
  }

  /** Gives up waiting for what no engine has told. */
  endPass(time: number): void {
    for (const [id, gone] of this.#waiting) {
      if (time - gone.time < WAIT_MS) return;
      this.#waiting.delete(id);
      this.#putDown(gone, undefined);
    }
  }

  #putDown({ cgroup, time }: Gone, exitCode = UNKNOWN_CODE): void {
    const data = { container_deletion: { exit_code: exitCode } };
    this.#log.append({ time, type: "containerDeletion", cgroup, data });
  }
}
