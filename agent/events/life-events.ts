import type { Container } from "../../wire/container.ts";
import type { EventDetails } from "../../wire/events/event.ts";
import type { EngineEvent } from "../runtimes/runtime.ts";
import { classifyExit, signalOf } from "./exit.ts";
import { type LifeType, lifeTypeOf } from "./life-types.ts";
import type { Narrator } from "./narrator.ts";

/** A kill for the lack of memory is known a pass after the engine tells of the end, at the latest two. */
const PATIENCE_MS = 2500;
const PATIENCE_PASSES = 2;
/** What was killed so long before it ended had to do with it. */
const RECENT_MS = 10_000;
/** What is remembered of containers, at most for so many of them. */
const MOST = 10_000;

/** Limits that were changed are read by the next pass but one. */
const SETTLED_MS = 1000;

const SIGKILL = 9;

/** Whether something that happened at a time (Unix milliseconds) has been told before. */
type IsOld = (container: Container, type: LifeType, time: number) => boolean;

interface Death {
  readonly container: Container;
  readonly exitCode: number | undefined;
  /** When it ended and when that was heard, Unix milliseconds. */
  readonly time: number;
  readonly heardAt: number;
  readonly pass: number;
  readonly reason: string | undefined;
}

/** Puts down what engines tell of the lives of containers. */
export class LifeEvents {
  readonly #narrator: Narrator;
  readonly #now: () => number;
  /** By the engine's id: the last signal that was sent through the engine. */
  readonly #asked: Map<string, number> = new Map();
  /** By the engine's id: when a process of it was killed for the lack of memory, Unix milliseconds. */
  readonly #oomKills: Map<string, number> = new Map();
  /** Ends by signal 9 that nobody has explained yet. */
  readonly #deaths: Map<string, Death> = new Map();
  /** The image of the last container of each name. */
  readonly #images: Map<string, string> = new Map();
  /** What each health check said last. */
  readonly #health: Map<string, string> = new Map();
  /** Whose limits have been changed, and when: the cgroup's files are read again only after that. */
  readonly #updated: Map<string, number> = new Map();
  readonly #containerOf: (engineId: string) => Container | undefined;
  readonly #isOld: IsOld;
  #pass = 0;

  /**
   * @param now Unix milliseconds
   * @param containerOf a container as it is known at the moment, by the engine's id
   * @param isOld whether an earlier run has told something
   */
  constructor(
    narrator: Narrator,
    now: () => number,
    containerOf: (engineId: string) => Container | undefined,
    isOld: IsOld = () => false,
  ) {
    this.#narrator = narrator;
    this.#now = now;
    this.#containerOf = containerOf;
    this.#isOld = isOld;
  }

  /** An engine tells of a container, which is described as far as it is known. */
  hear(event: EngineEvent, container: Container): void {
    const { id, action } = event;
    const time = event.time ?? this.#now();
    if (action === "kill") return this.#remember(this.#asked, id, event.signal ?? SIGKILL);
    if (action === "oom") return this.#remember(this.#oomKills, id, time);
    const type = lifeTypeOf(action);
    if (type === undefined) return;
    if (this.#isOld(container, type, time)) return this.#passOver(type, event, container);
    if (type === "died") return this.#died(event, container, time);
    if (type === "limits_updated") return this.#remember(this.#updated, id, time);
    if (type === "started") this.#asked.delete(id);
    const details = this.#detailsOf(type, event, container);
    if (details === undefined) return;
    this.#narrator.tell(type, container, details, time);
    if (type === "created") this.#compareImage(container, time);
    if (type === "removed") this.#forget(id);
  }

  /** It is told, but what follows from it for others is to be known. */
  #passOver(type: LifeType, event: EngineEvent, container: Container): void {
    const { id, health } = event;
    if (type === "died") this.#oomKills.delete(id);
    else if (type === "started") this.#asked.delete(id);
    else if (type === "removed") this.#forget(id);
    else if (type === "health_changed" && health !== undefined) {
      this.#remember(this.#health, id, health);
    } else if (type === "created" && container.image !== undefined) {
      this.#remember(this.#images, container.name, container.image);
    }
  }

  /** A process of a container was killed for the lack of memory. */
  killed(engineId: string, time: number): void {
    this.#remember(this.#oomKills, engineId, time);
    const death = this.#deaths.get(engineId);
    if (death !== undefined) this.#tellDeath(engineId, death);
  }

  /** All cgroups have been read. Tells what has waited for that, and gives up waiting for explanations. */
  endPass(time: number, isWhole = true): void {
    if (isWhole) this.#pass++;
    for (const [id, updatedAt] of this.#updated) {
      if (time - updatedAt < SETTLED_MS) continue;
      this.#updated.delete(id);
      const container = this.#containerOf(id);
      if (container === undefined) continue;
      this.#narrator.tell("limits_updated", container, { limits: container.limits }, updatedAt);
    }
    for (const [id, death] of this.#deaths) {
      if (time - death.heardAt < PATIENCE_MS) return;
      // On a busy machine passes are late.
      if (this.#pass - death.pass < PATIENCE_PASSES) return;
      this.#tellDeath(id, death);
    }
  }

  /** Tells what has waited; nothing more will be heard. */
  close(): void {
    for (const [id, death] of this.#deaths) this.#tellDeath(id, death);
  }

  #died({ id, exitCode, reason }: EngineEvent, container: Container, time: number): void {
    const code = exitCode === undefined || Number.isNaN(exitCode) ? undefined : exitCode;
    const death = {
      container,
      exitCode: code,
      time,
      heardAt: this.#now(),
      pass: this.#pass,
      reason,
    };
    const isUnexplained = signalOf(code) === SIGKILL && !this.#asked.has(id);
    if (isUnexplained && !this.#wasOutOfMemory(id, death.time)) this.#deaths.set(id, death);
    else this.#tellDeath(id, death);
  }

  #tellDeath(id: string, { container, exitCode, time, reason }: Death): void {
    this.#deaths.delete(id);
    const signal = signalOf(exitCode);
    const asked = this.#asked.get(id);
    const exitClass = classifyExit({
      exitCode,
      asked,
      wasOutOfMemory: this.#wasOutOfMemory(id, time),
    });
    this.#oomKills.delete(id);
    const details = {
      ...(exitCode === undefined ? {} : { exit_code: exitCode }),
      ...(signal === undefined ? {} : { signal }),
      exit_class: exitClass,
      ...(reason === undefined ? {} : { reason }),
    };
    this.#narrator.tell("died", container, details, time);
  }

  #wasOutOfMemory(id: string, time: number): boolean {
    const killedAt = this.#oomKills.get(id);
    return killedAt !== undefined && Math.abs(time - killedAt) < RECENT_MS;
  }

  /** Undefined if nothing has changed after all. */
  #detailsOf(type: LifeType, event: EngineEvent, { name }: Container): EventDetails | undefined {
    if (type === "renamed") {
      return { ...(event.oldName === undefined ? {} : { from: event.oldName }), to: name };
    }
    const { id, health = "unknown", reason } = event;
    if (type !== "health_changed") return reason === undefined ? {} : { reason };
    const from = this.#health.get(id);
    if (from === health) return undefined;
    this.#remember(this.#health, id, health);
    return from === undefined ? { to: health } : { from, to: health };
  }

  #compareImage(container: Container, time: number): void {
    const { name, image } = container;
    if (image === undefined) return;
    const from = this.#images.get(name);
    this.#remember(this.#images, name, image);
    if (from === undefined || from === image) return;
    this.#narrator.tell("image_changed", container, { from, to: image }, time);
  }

  #forget(id: string): void {
    for (const map of [this.#asked, this.#oomKills, this.#health, this.#updated]) map.delete(id);
  }

  #remember<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key);
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > MOST && oldest !== undefined) map.delete(oldest);
  }
}
