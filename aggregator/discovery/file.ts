import { type FSWatcher, watch } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, resolve } from "node:path";

import { codeOf } from "../../lib/errors.ts";
import { globPattern } from "../../lib/glob.ts";
import type { DiscoveryKind, TargetGroup } from "./discovery.ts";
import { createRefreshing } from "./refresh.ts";
import { parseTargetGroups } from "./target-groups.ts";
import { Troubles } from "./troubles.ts";

// Costs 8 MB of memory, and many a configuration has only JSON here.
const load: (name: string) => typeof import("yaml") = createRequire(import.meta.url);

const FIVE_MINUTES = 300_000;

/** Some hundred thousand targets. */
const MOST_BYTES = 50_000_000;
const MOST_FILES = 1000;

/** A file is often written in several steps. Milliseconds. */
const SETTLING = 100;

/** As Prometheus has it: a star in the file's name only. */
const fileGlob = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/u;

/**
 * `file_sd_configs`: the targets stand in files, which are watched.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
export const fileSdConfigs: DiscoveryKind = {
  key: "file_sd_configs",
  parse(entry) {
    const globs = entry.texts("files");
    if (globs.length === 0) throw entry.fault("files", "is missing");
    const wrong = globs.findIndex((glob) => !fileGlob.test(glob));
    if (wrong !== -1) {
      const problem = "must end in .json, .yml or .yaml and have stars in the file's name only";
      throw entry.fault(`files[${wrong}]`, problem);
    }
    const interval = entry.duration("refresh_interval", FIVE_MINUTES);
    if (interval === 0) throw entry.fault("refresh_interval", "must be longer than 0");
    entry.end();
    return (context) => {
      const paths = globs.map((glob) => resolve(context.folder, glob));
      const about = { kind: "file", where: globs.join(", ") };
      const troubles = new Troubles(context.logger, about);
      const files = new WatchedFiles(paths, troubles, () => discovery.refresh());
      const discovery = createRefreshing(
        { ...about, interval, read: () => files.read() },
        context,
        troubles,
      );
      return {
        ...discovery,
        async close() {
          files.close();
          await discovery.close();
        },
      };
    };
  },
};

/** The files of a few globs; one that cannot be read stays as it was. */
class WatchedFiles {
  readonly #globs: readonly string[];
  readonly #troubles: Troubles;
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #last: ReadonlyMap<string, readonly TargetGroup[]> = new Map();

  constructor(globs: readonly string[], troubles: Troubles, changed: () => void) {
    this.#globs = globs;
    this.#troubles = troubles;
    this.#changed = changed;
  }

  async read(): Promise<readonly TargetGroup[]> {
    // Before reading, so that nothing changes unseen.
    this.#watch();
    const read = new Map<string, readonly TargetGroup[]>();
    for (const path of await filesOf(this.#globs)) {
      try {
        read.set(path, await readGroups(path));
        this.#troubles.succeeded(path);
      } catch (error) {
        if (codeOf(error) === "ENOENT") continue;
        this.#troubles.failed(path, new Error(`cannot read ${path}`, { cause: error }));
        read.set(path, this.#last.get(path) ?? []);
      }
    }
    for (const path of this.#last.keys()) if (!read.has(path)) this.#troubles.forget(path);
    this.#last = read;
    return [...read.values()].flat();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** The folders, as files are replaced and come anew. */
  #watch(): void {
    for (const folder of new Set(this.#globs.map((glob) => dirname(glob)))) {
      if (this.#watchers.has(folder) || this.#isClosed) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#soon());
        // The folder has gone: it is watched again when it is read next.
        watcher.on("error", () => this.#forget(folder));
        this.#watchers.set(folder, watcher);
      } catch {
        // It is not there, or there are too many watches: the interval remains.
      }
    }
  }

  #soon(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, SETTLING);
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

/** The files that are there, each once, in the order of the globs and then of their names. */
async function filesOf(globs: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const glob of globs) {
    if (!glob.includes("*")) found.add(glob);
    else for (const path of await matching(glob)) found.add(path);
  }
  if (found.size > MOST_FILES) throw new Error(`finds more than ${MOST_FILES} files`);
  return found;
}

async function matching(glob: string): Promise<string[]> {
  const folder = dirname(glob);
  const pattern = globPattern(basename(glob));
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => pattern.test(name))
      .toSorted()
      .map((name) => join(folder, name));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function readGroups(path: string): Promise<TargetGroup[]> {
  const text = await readBounded(path);
  // Every scalar of the YAML stays the text that it is written as.
  const value: unknown =
    extname(path).toLowerCase() === ".json"
      ? JSON.parse(text)
      : (load("yaml").parse(text, { schema: "failsafe", prettyErrors: false }) ?? []);
  return parseTargetGroups(value, path, { __meta_filepath: path });
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new Error(`is larger than ${MOST_BYTES} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
