import { join } from "node:path";

import type { EngineContainer } from "../runtime.ts";
import type { DiskStore, Fail } from "./disk-store.ts";
import { DockerRoot } from "./docker-root.ts";
import { findHome, userOf } from "./homes.ts";
import { PodmanRoot } from "./podman-root.ts";

/** Where engines keep their containers. */
export interface DiskSettings {
  /** Where the machine's `/` can be read. */
  readonly rootfs: string;
  /** As the machine has it: `/var/lib/docker`. */
  readonly dockerRoot: string;
  /** Likewise: `/var/lib/containers/storage`. */
  readonly podmanRoot: string;
  /** How the names of the environment's variables begin that are to be known. */
  readonly envPrefixes: readonly string[];
}

/** Users whose storage is kept in mind. */
const MOST_USERS = 100;

/**
 * The storage of every engine that a container may be of. A user's own engine is believed only about
 * the cgroups of that user: otherwise everybody could give names to everybody's containers.
 */
export class DiskStores {
  readonly #settings: DiskSettings;
  readonly #machine: readonly DiskStore[];
  readonly #users: Map<string, readonly DiskStore[]> = new Map();

  constructor(settings: DiskSettings) {
    this.#settings = settings;
    const { rootfs, dockerRoot, podmanRoot } = settings;
    this.#machine = this.#storesAt(join(rootfs, dockerRoot), join(rootfs, podmanRoot));
  }

  /** What is on disk about a container; the same object for as long as that has not changed. */
  async read(id: string, cgroup: string, fail: Fail): Promise<EngineContainer | undefined> {
    for (const store of await this.#storesFor(cgroup)) {
      // One after the other: the first that knows it is enough.
      // oxlint-disable-next-line no-await-in-loop
      const found = await store.read(id, fail);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A container has gone. */
  forget(id: string): void {
    for (const store of [...this.#machine, ...[...this.#users.values()].flat()]) store.forget(id);
  }

  async #storesFor(cgroup: string): Promise<readonly DiskStore[]> {
    const user = userOf(cgroup);
    if (user === undefined) return this.#machine;
    let own = this.#users.get(user);
    if (own === undefined) {
      const home = await findHome(this.#settings.rootfs, user);
      own = home === undefined ? [] : this.#storesIn(home);
      if (this.#users.size < MOST_USERS) this.#users.set(user, own);
    }
    return [...this.#machine, ...own];
  }

  #storesIn(home: string): readonly DiskStore[] {
    const share = join(home, ".local/share");
    return this.#storesAt(join(share, "docker"), join(share, "containers/storage"));
  }

  #storesAt(docker: string, podman: string): readonly DiskStore[] {
    return [new DockerRoot(docker, this.#settings.envPrefixes), new PodmanRoot(podman)];
  }
}
