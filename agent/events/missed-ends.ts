import type { EngineContainer, EngineEvent } from "../runtimes/runtime.ts";
import type { LoggedLife } from "./heard-before.ts";

/** An engine's own words for what its list shows come within this time, if they come. */
const PATIENCE_MS = 5000;

/** More containers than an engine has. */
const MOST = 10_000;

const ENDED: readonly string[] = ["exited", "dead", "stopped"];

/** What stands in an event that no engine has told. */
const REASON = "not told by its engine, but seen in its list";

interface Life extends LoggedLife {
  /** Since when its engine's list has shown an end of which no event has told, Unix milliseconds. */
  readonly doubtedAt?: number;
  readonly isGone?: boolean;
}

/**
 * Ends that no event has told, because the engine was down itself and has forgotten: what its list
 * shows then is told instead, without an exit code.
 */
export class MissedEnds {
  readonly #lives: Map<string, Life>;
  readonly #now: () => number;
  readonly #tell: (event: EngineEvent) => void;

  /**
   * @param lives what an earlier run has left behind
   * @param now Unix milliseconds
   * @param tell takes what an engine should have told
   */
  constructor(
    lives: ReadonlyMap<string, LoggedLife>,
    now: () => number,
    tell: (event: EngineEvent) => void,
  ) {
    this.#lives = new Map(lives);
    this.#now = now;
    this.#tell = tell;
  }

  /** An engine tells of a container: whatever it was doubted for is told. */
  hear({ id, action, name, image, labels }: EngineEvent): void {
    if (action === "destroy") {
      this.#lives.delete(id);
      return;
    }
    const before = this.#lives.get(id);
    const isRunning = action === "start" || (action !== "die" && before?.isRunning === true);
    const doubt = action === "start" || action === "die" ? undefined : before?.doubtedAt;
    this.#put(id, {
      name,
      image,
      labels: labels ?? before?.labels ?? {},
      isRunning,
      ...(doubt === undefined ? {} : { doubtedAt: doubt }),
    });
  }

  /** An engine's list or answer shows a container. */
  upsert({ id, name, image, labels, state }: EngineContainer): void {
    const before = this.#lives.get(id);
    if (before === undefined) {
      this.#put(id, { name, image, labels, isRunning: state === "running" });
    } else if (before.isRunning && before.doubtedAt === undefined && ENDED.includes(state)) {
      this.#put(id, { ...before, doubtedAt: this.#now() });
    } else if (before.isRunning && before.doubtedAt !== undefined && state === "running") {
      const { doubtedAt: _, ...life } = before;
      this.#put(id, life);
    }
  }

  /** These are all that an engine has. */
  retain(ids: ReadonlySet<string>): void {
    for (const [id, life] of this.#lives) {
      if (ids.has(id) || life.isGone === true) continue;
      this.#put(id, { ...life, isGone: true, doubtedAt: life.doubtedAt ?? this.#now() });
    }
  }

  /** Gives up waiting for the engine's own words. `time` is Unix milliseconds. */
  endPass(time: number): void {
    for (const [id, life] of this.#lives) {
      if (life.doubtedAt === undefined || time - life.doubtedAt < PATIENCE_MS) continue;
      const { name, image, labels, isRunning, isGone = false } = life;
      if (isGone) this.#lives.delete(id);
      else this.#put(id, { name, image, labels, isRunning: false });
      const event = { id, name, image, labels, reason: REASON };
      if (isRunning) this.#tell({ ...event, action: "die" });
      if (isGone) this.#tell({ ...event, action: "destroy" });
    }
  }

  #put(id: string, life: Life): void {
    this.#lives.set(id, life);
    const [oldest] = this.#lives.keys();
    if (this.#lives.size > MOST && oldest !== undefined) this.#lives.delete(oldest);
  }
}
