import { join } from "node:path";

import { isRecord } from "../../../lib/record.ts";
import { parseInspected } from "../docker-api/parse.ts";
import type { EngineContainer } from "../runtime.ts";
import type { DiskStore, Fail } from "./disk-store.ts";
import { WatchedFile } from "./watched-file.ts";

/** A container's labels and environment are some kilobytes. */
const MOST_BYTES = 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

/** Docker's word for a state that its file has as flags. */
function statusOf(state: Fields): string {
  if (state["Paused"] === true) return "paused";
  if (state["Restarting"] === true) return "restarting";
  return state["Running"] === true ? "running" : "created";
}

/**
 * What Docker keeps in `containers/<id>/config.v2.json`: its answer about a container, with other
 * names for some of it. What a health check says is there only as of the last start.
 * @throws SyntaxError, Error if it is something else
 */
function parseConfig(text: string, id: string, envPrefixes: readonly string[]): EngineContainer {
  const config: unknown = JSON.parse(text);
  if (!isRecord(config) || config["ID"] !== id) throw new Error("it is no container's");
  if (typeof config["Name"] !== "string") throw new Error("it has no name");
  const state = fieldsOf(config["State"]);
  const told = {
    Id: id,
    Name: config["Name"],
    Created: config["Created"],
    Config: config["Config"],
    RestartCount: config["RestartCount"],
    State: { Status: statusOf(state), StartedAt: state["StartedAt"] },
  };
  const { network: _, ...container } = parseInspected(told, envPrefixes);
  return { ...container, runtime: "docker" };
}

/** Docker's folder, `/var/lib/docker`. */
export class DockerRoot implements DiskStore {
  readonly #root: string;
  readonly #envPrefixes: readonly string[];
  readonly #files: Map<string, WatchedFile<EngineContainer>> = new Map();

  constructor(root: string, envPrefixes: readonly string[]) {
    this.#root = root;
    this.#envPrefixes = envPrefixes;
  }

  async read(id: string, fail: Fail): Promise<EngineContainer | undefined> {
    let file = this.#files.get(id);
    if (file === undefined) this.#files.set(id, (file = this.#watch(id)));
    return file.read(fail);
  }

  forget(id: string): void {
    this.#files.delete(id);
  }

  #watch(id: string): WatchedFile<EngineContainer> {
    return new WatchedFile({
      root: this.#root,
      path: join("containers", id, "config.v2.json"),
      mostBytes: MOST_BYTES,
      parse: (text) => parseConfig(text, id, this.#envPrefixes),
    });
  }
}
