import type { Logger } from "../../../lib/log.ts";
import type { EngineContainer, Runtime, RuntimeHealth, RuntimeListener } from "../runtime.ts";
import { type DiskSettings, DiskStores } from "./disk-stores.ts";
import type { UnusableFile } from "./watched-file.ts";

/** How often it is looked for containers that nobody has told of: an engine is quicker if it is there. */
const LOOK_MS = 1000;

/** What is known is compared with the disk every so many looks. */
const COMPARE_EVERY = 5;

/** What the disk does not know is sought ever less often, at most so many looks apart. */
const LAST_RETRY = 60;

/** Containers that are looked at in one look; the others follow in the next. */
const MOST_AT_ONCE = 200;

/** A container whose cgroup is there. */
interface Sought {
  readonly id: string;
  cgroup: string;
  /** What was told of it. */
  told: EngineContainer | undefined;
  /** Looks from now to the next one at it, and how many were between the last two. */
  wait: number;
  pause: number;
}

/**
 * Who containers are as it stands on disk, for those that no engine tells of: because there is no
 * way to it, or it does not answer. It reads and never writes, and asks no engine.
 */
export class DiskRuntime implements Runtime {
  readonly name = "disk";
  readonly failures: Map<string, number> = new Map();
  readonly #stores: DiskStores;
  readonly #isTold: (id: string) => boolean;
  readonly #logger: Logger;
  readonly #sought: Map<string, Sought> = new Map();
  #listener: RuntimeListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;
  #toldCount = 0;

  /** @param isTold whether an engine tells of a container */
  constructor(settings: DiskSettings, isTold: (id: string) => boolean, logger: Logger) {
    this.#stores = new DiskStores(settings);
    this.#isTold = isTold;
    this.#logger = logger;
  }

  /** `connected` while it tells of a container. */
  get health(): RuntimeHealth {
    return this.#toldCount > 0 ? "connected" : "absent";
  }

  start(listener: RuntimeListener): void {
    this.#listener = listener;
    this.#timer = setInterval(() => {
      if (!this.#isLooking) this.#looking = this.look();
    }, LOOK_MS);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listener = undefined;
    await this.#looking;
  }

  /** The cgroup of a container is there. */
  appeared(id: string, cgroup: string): void {
    const known = this.#sought.get(id);
    if (known === undefined) {
      this.#sought.set(id, { id, cgroup, told: undefined, wait: 0, pause: 1 });
    } else Object.assign(known, { cgroup, wait: 0, pause: 1 });
  }

  /** It has gone. */
  vanished(id: string): void {
    const known = this.#sought.get(id);
    this.#sought.delete(id);
    this.#stores.forget(id);
    if (known?.told !== undefined) this.#take(known);
  }

  /** Looks at those whose turn it is; one look follows the other by itself. */
  async look(): Promise<void> {
    this.#isLooking = true;
    let left = MOST_AT_ONCE;
    for (const sought of this.#sought.values()) {
      if (sought.wait-- > 0) continue;
      if (this.#isTold(sought.id)) {
        this.#leaveToEngine(sought);
        continue;
      }
      if (left-- <= 0) {
        sought.wait = 0;
        continue;
      }
      // One after the other: there is no hurry, and a disk may be slow.
      // oxlint-disable-next-line no-await-in-loop
      await this.#lookAt(sought);
      if (this.#listener === undefined) break;
    }
    this.#isLooking = false;
  }

  /** An engine may go, and no longer tell: it is looked at again, but seldom. */
  #leaveToEngine(sought: Sought): void {
    if (sought.told !== undefined) {
      this.#take(sought);
      this.#stores.forget(sought.id);
    }
    sought.wait = COMPARE_EVERY;
    sought.pause = 1;
  }

  async #lookAt(sought: Sought): Promise<void> {
    const { id, cgroup } = sought;
    const found = await this.#stores.read(id, cgroup, (error) => this.#fail(error));
    if (this.#sought.get(id) !== sought || this.#listener === undefined) return;
    sought.pause = found === undefined ? Math.min(sought.pause * 2, LAST_RETRY) : COMPARE_EVERY;
    // What has been told once stays true while its cgroup is there, though the file has gone.
    if (sought.told !== undefined) sought.pause = COMPARE_EVERY;
    sought.wait = sought.pause - 1;
    if (found === undefined || found === sought.told || this.#isTold(id)) return;
    if (sought.told === undefined) this.#toldCount++;
    sought.told = found;
    this.#listener.upsert(found);
  }

  #take(sought: Sought): void {
    sought.told = undefined;
    this.#toldCount--;
    this.#listener?.remove(sought.id);
  }

  #fail(error: UnusableFile): void {
    const { reason } = error;
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
    this.#logger.debug({ err: error }, "cannot read who a container is from disk");
  }
}
