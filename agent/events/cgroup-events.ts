import type { Container } from "../../wire/container.ts";
import type { EventDetails, EventType } from "../../wire/events/event.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { EngineEvent } from "../runtimes/runtime.ts";
import type { Narrator } from "./narrator.ts";

/** An engine tells how a container ended about when its cgroup goes, sooner or later. */
const WAIT_MS = 2000;

/** So many ends are remembered for cgroups that have yet to go. */
const MOST_ENDS = 1000;

/** A kill for the lack of memory, as the ledger tells it. */
interface Kill {
  readonly time: number;
  readonly cgroup: string;
  readonly oomCgroup?: string;
  readonly pid?: number;
  readonly process?: string;
  readonly constraint?: string;
}

interface Gone {
  readonly container: Container;
  readonly time: number;
}

/** Puts down when cgroups came and went and what was killed in them. */
export class CgroupEvents {
  readonly #narrator: Narrator;
  /** By the engine's id. */
  readonly #exitCodes: Map<string, number> = new Map();
  readonly #waiting: Map<string, Gone> = new Map();

  constructor(narrator: Narrator) {
    this.#narrator = narrator;
  }

  /** A cgroup has been found, which was made at a time (Unix milliseconds). */
  came(container: Container, time: number): void {
    this.#tell("cgroup_found", container, time, {});
  }

  /** The cgroup of a container has gone. */
  gone(container: Container, time: number): void {
    const id = engineIdOf(container.id);
    const code = this.#exitCodes.get(id ?? "");
    if (id !== undefined && code === undefined && container.runtime !== undefined) {
      this.#waiting.set(id, { container, time });
      return;
    }
    this.#exitCodes.delete(id ?? "");
    this.#putDown({ container, time }, code);
  }

  /** An engine tells of a container. */
  hear({ id, action, exitCode }: Pick<EngineEvent, "id" | "action" | "exitCode">): void {
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

  /** A process of a container was killed. */
  killed(container: Container, kill: Kill): void {
    const { time, cgroup, oomCgroup, pid, process, constraint } = kill;
    this.#tell("oom_kill", container, time, {
      ...(process === undefined ? {} : { process }),
      ...(pid === undefined ? {} : { pid }),
      ...(constraint === undefined ? {} : { constraint }),
      ...(cgroup.startsWith(`${container.id}/`) ? { cgroup } : {}),
      ...(oomCgroup === undefined ? {} : { oom_cgroup: oomCgroup }),
    });
  }

  /** Gives up waiting for what no engine has told. */
  endPass(time: number): void {
    for (const [id, gone] of this.#waiting) {
      if (time - gone.time < WAIT_MS) return;
      this.#waiting.delete(id);
      this.#putDown(gone, undefined);
    }
  }

  #putDown({ container, time }: Gone, exitCode: number | undefined): void {
    const details = exitCode === undefined ? {} : { exit_code: exitCode };
    this.#tell("cgroup_gone", container, time, details);
  }

  #tell(type: EventType, container: Container, time: number, details: EventDetails): void {
    this.#narrator.tell(type, container, details, time);
  }
}
