import type { Cgroup } from "../cgroup/cgroup.ts";
import { type EngineView, type EngineViews, processIn } from "./engine-view.ts";
import { MeasureError, reasonOf } from "./failure.ts";
import { directoriesOf, layerOf, volumesOf } from "./layer.ts";
import { type Mount, mountAt } from "./mountinfo.ts";
import { groundOf, labelOf } from "./partitions.ts";
import type { Task, WalkTree } from "./schedule.ts";
import type { FilesystemUsage, Measured } from "./usage.ts";
import type { VolumeAt, Volumes, VolumeTask, VolumeUser } from "./volumes.ts";

/** What one container has written: its layer, what its engine keeps for it, its volumes. */
export class ContainerTask implements Task, VolumeUser {
  dueAt = 0;
  measuredAt: number = Number.NaN;
  entries = 0;
  failures = 0;
  isStirred = true;
  /** The newest result. */
  latest: Measured | undefined;
  readonly #cgroup: Cgroup;
  readonly #id: string;
  readonly #views: EngineViews;
  readonly #volumes: Volumes;
  #held: readonly VolumeTask[] = [];
  #filesystem: FilesystemUsage | undefined;

  /** @param id the engine's own */
  constructor(cgroup: Cgroup, id: string, views: EngineViews, volumes: Volumes) {
    this.#cgroup = cgroup;
    this.#id = id;
    this.#views = views;
    this.#volumes = volumes;
  }

  async measure(walkTree: WalkTree): Promise<number> {
    const pid = processIn(this.#cgroup);
    if (pid === undefined) throw new MeasureError("gone", "no process");
    const view = this.#views.around(pid);
    const own = this.#views.mountsOf(pid);
    this.#held = this.#volumes.hold(this, volumesAt(own, view));
    const layer = layerOf(own, view.mounts);
    if (layer === undefined) {
      this.forget();
      return 0;
    }
    const also = directoriesOf(this.#id, layer, own, view.mounts);
    return this.#add(layer, also, view, walkTree);
  }

  stir(): void {
    this.isStirred = true;
    for (const volume of this.#held) volume.isStirred = true;
  }

  forget(): void {
    this.#filesystem = undefined;
    this.volumesChanged();
  }

  volumesChanged(): void {
    const volumes = this.#held.map(({ usage }) => usage).filter((usage) => usage !== undefined);
    const filesystems = this.#filesystem === undefined ? [] : [this.#filesystem];
    const usage = this.#filesystem?.usage ?? Number.NaN;
    const isNothing = filesystems.length === 0 && volumes.length === 0;
    this.latest = isNothing ? undefined : { usage, filesystems, volumes };
  }

  close(): void {
    this.#held = this.#volumes.hold(this, []);
  }

  async #add(
    layer: string,
    also: readonly string[],
    { mounts, prefix }: EngineView,
    walkTree: WalkTree,
  ): Promise<number> {
    const mount = mountAt(mounts, layer);
    if (mount === undefined || groundOf(mount) === "network") {
      throw new MeasureError("unsupported", "a layer on somebody else's disk");
    }
    const sum = { ...(await walkTree(mount.device, prefix + layer)) };
    for (const directory of also) {
      const place = mountAt(mounts, directory)?.device ?? mount.device;
      const more = await walkTree(place, prefix + directory).catch(notThere);
      sum.bytes += more?.bytes ?? 0;
      sum.inodes += more?.inodes ?? 0;
      sum.entries += more?.entries ?? 0;
    }
    this.#filesystem = {
      device: labelOf(mount),
      usage: Math.round(sum.bytes),
      limit: sum.limit,
      inodes: Math.round(sum.inodes),
      inodesFree: Number.NaN,
    };
    this.volumesChanged();
    return sum.entries;
  }
}

/** Volumes on the network are not walked: each entry would be a question to a server. */
function volumesAt(own: readonly Mount[], { mounts, prefix }: EngineView): VolumeAt[] {
  return volumesOf(own, mounts).flatMap(({ volume, path }) => {
    const mount = mountAt(mounts, path);
    if (mount === undefined || groundOf(mount) === "network") return [];
    return [{ volume, device: labelOf(mount), place: mount.device, path: prefix + path }];
  });
}

function notThere(error: unknown): undefined {
  if (reasonOf(error) !== "gone") throw error;
}
