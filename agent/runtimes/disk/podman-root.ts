import { join } from "node:path";

import { isRecord } from "../../../lib/record.ts";
import type { EngineContainer } from "../runtime.ts";
import type { DiskStore, Fail } from "./disk-store.ts";
import { WatchedFile } from "./watched-file.ts";

/** All containers stand in one file, each with half a kilobyte. */
const MOST_BYTES = 16 * 1024 * 1024;

/** One folder for each storage driver; in the second file are those that need not outlive a reboot. */
const FILES = ["overlay", "vfs", "btrfs"].flatMap((driver) =>
  ["containers.json", "volatile-containers.json"].map((name) => join(`${driver}-containers`, name)),
);

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The engine's own words about a container, a JSON text within the JSON. */
function metadataOf(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const metadata: unknown = JSON.parse(textOf(text));
    return isRecord(metadata) ? metadata : {};
  } catch {
    return {};
  }
}

function parseEntry(entry: unknown): EngineContainer | undefined {
  if (!isRecord(entry)) return undefined;
  const { id, names, created, image } = entry;
  const metadata = metadataOf(entry["metadata"]);
  const first: unknown = Array.isArray(names) ? names[0] : undefined;
  const name = textOf(metadata["name"]) || textOf(first);
  if (typeof id !== "string" || name === "") return undefined;
  const pod = textOf(metadata["pod-name"]);
  return {
    id,
    // CRI-O keeps its containers in the same storage, and always names a pod.
    runtime: pod === "" ? "podman" : "cri-o",
    name,
    image: textOf(metadata["image-name"]) || textOf(image),
    labels: {},
    // It is looked for only because its cgroup is there.
    state: "running",
    ...(textOf(created) === "" ? {} : { createdAt: textOf(created) }),
    ...(pod === "" ? {} : { pod }),
  };
}

/**
 * The containers in a `containers.json` of containers/storage. Labels are not there.
 * https://github.com/containers/storage/blob/main/docs/containers-storage.md
 * @throws SyntaxError, Error if it is something else
 */
function parseContainers(text: string): ReadonlyMap<string, EngineContainer> {
  // It is empty until there has been a container.
  const entries: unknown = text === "" ? [] : JSON.parse(text);
  if (!Array.isArray(entries)) throw new Error("it is no list of containers");
  const containers = entries.map(parseEntry).filter((entry) => entry !== undefined);
  return new Map(containers.map((container) => [container.id, container]));
}

/** The storage of Podman, `/var/lib/containers/storage`, which CRI-O uses too. */
export class PodmanRoot implements DiskStore {
  readonly #files: readonly WatchedFile<ReadonlyMap<string, EngineContainer>>[];

  constructor(root: string) {
    this.#files = FILES.map(
      (path) => new WatchedFile({ root, path, mostBytes: MOST_BYTES, parse: parseContainers }),
    );
  }

  async read(id: string, fail: Fail): Promise<EngineContainer | undefined> {
    for (const file of this.#files) {
      // The first that has it is enough.
      // oxlint-disable-next-line no-await-in-loop
      const found = (await file.read(fail))?.get(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  forget(): void {}
}
