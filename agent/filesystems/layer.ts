import { dirname, join } from "node:path";

import { MeasureError } from "./failure.ts";
import { type Mount, optionOf, pathOf } from "./mountinfo.ts";

const MERGED = "/merged";

/** Filesystems of which a directory holds what other containers hold too. */
const SHARING = ["btrfs", "zfs", "bcachefs"];

/**
 * The directory that takes what a container writes, as its engine sees it; undefined for a process
 * that lives in the machine's own files.
 * @param own the mounts of the container
 * @param engine the mounts of its engine
 * @throws MeasureError where there is none, or it can't be found
 */
export function layerOf(own: readonly Mount[], engine: readonly Mount[]): string | undefined {
  const root = own.findLast(({ point }) => point === "/");
  if (root === undefined) throw new MeasureError("unsupported", "no mount at /");
  if (root.type === "overlay") return upperOf(root, engine);
  if (root.type === "fuse.fuse-overlayfs") return fuseUpperOf(root, engine);
  const theirs = engine.findLast(({ point }) => point === "/");
  if (theirs?.device === root.device && theirs.root === root.root) return undefined;
  // A directory of its own in a plain filesystem: the whole image was copied (`vfs`).
  if (root.root === "/" || SHARING.includes(root.type)) {
    throw new MeasureError("unsupported", `${root.type} at /`);
  }
  return found(pathOf(engine, root.device, root.root), root);
}

/** https://docs.kernel.org/filesystems/overlayfs.html#upper-and-lower */
function upperOf(root: Mount, engine: readonly Mount[]): string {
  const upper = optionOf(root, "upperdir");
  if (upper === undefined) throw new MeasureError("unsupported", "nothing can be written");
  if (upper.startsWith("/")) return upper;
  // With very many layers Docker names them from where they all are: `<id>/diff`.
  const end = `/${dirname(upper)}${MERGED}`;
  const merged = mountedAt(root, engine).find((point) => point.endsWith(end));
  return found(merged === undefined ? undefined : join(merged, "../..", upper), root);
}

/** What fuse-overlayfs was told stands nowhere; Podman keeps `diff` beside `merged`. */
function fuseUpperOf(root: Mount, engine: readonly Mount[]): string {
  const upper = optionOf(root, "upperdir");
  if (upper?.startsWith("/") === true) return upper;
  const merged = mountedAt(root, engine).find((point) => point.endsWith(MERGED));
  return found(merged === undefined ? undefined : join(merged, "../diff"), root);
}

function mountedAt(root: Mount, engine: readonly Mount[]): string[] {
  return engine.filter(({ device }) => device === root.device).map(({ point }) => point);
}

function found(path: string | undefined, root: Mount): string {
  if (path === undefined)
    throw new MeasureError("hidden", `the place of ${root.device} is not seen`);
  return path;
}

/** Files that an engine makes for a container and mounts into it. */
const ENGINE_FILES = ["/etc/hostname", "/etc/resolv.conf", "/etc/hosts"];

const ID = /^[0-9a-f]{64}$/;

/**
 * Directories in which an engine may keep other things of a container, its log before all:
 * `…/containers/<id>` (Docker), `…/overlay-containers/<id>` (Podman, CRI-O).
 */
export function directoriesOf(
  id: string,
  layer: string,
  own: readonly Mount[],
  engine: readonly Mount[],
): string[] {
  const candidates = new Set<string>();
  for (const { point, device, root } of own) {
    if (!ENGINE_FILES.includes(point)) continue;
    const directory = dirname(root);
    // A container in another's network has the other's files; its own directory is beside that.
    if (!ID.test(directory.slice(directory.lastIndexOf("/") + 1))) continue;
    const path = pathOf(engine, device, join(dirname(directory), id));
    if (path !== undefined) candidates.add(path);
  }
  if (/\/overlay\/[^/]+\/diff$/.test(layer)) {
    candidates.add(join(layer, "../../../overlay-containers", id));
  }
  return [...candidates];
}

/** A named volume, and where it is for its engine. */
export interface VolumePlace {
  readonly volume: string;
  readonly path: string;
}

/** `…/volumes/<name>/_data`, or something in it: Docker and Podman. */
const VOLUME = /^(?<path>.*\/volumes\/(?<volume>[^/]+)\/_data)(?:\/|$)/;

/** The named volumes among a container's mounts, each once. */
export function volumesOf(own: readonly Mount[], engine: readonly Mount[]): VolumePlace[] {
  const byName = new Map<string, VolumePlace>();
  for (const { device, root, point } of own) {
    if (point === "/") continue;
    const path = volumePath(device, root, engine);
    const groups = VOLUME.exec(path ?? "")?.groups;
    const volume = groups?.["volume"];
    if (volume !== undefined) byName.set(volume, { volume, path: groups?.["path"] ?? "" });
  }
  return [...byName.values()];
}

function volumePath(device: string, root: string, engine: readonly Mount[]): string | undefined {
  // A volume of another filesystem is mounted at its `_data` whole, so its root tells nothing.
  if (root !== "/" && !VOLUME.test(root)) return undefined;
  const mounted = engine.filter((mount) => mount.device === device && VOLUME.test(mount.point));
  return pathOf(mounted, device, root) ?? pathOf(engine, device, root);
}
