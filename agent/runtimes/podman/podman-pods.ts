import { isRecord } from "../../../lib/record.ts";
import type { Beyond } from "../docker-api/beyond.ts";
import type { EngineClient } from "../docker-api/engine-client.ts";
import type { EngineContainer } from "../runtime.ts";

const MOST_BYTES = 33_554_432;

/** Every Podman from 4.0 on takes this version of its own API. */
const OLDEST_API = "4.0.0";

/** More ids than so many are not put into an address: all containers are asked for. */
const MOST_FILTERED = 10;

/**
 * In which pod each of Podman's containers is, which it tells in its own API only. A container stays in
 * its pod, so each is asked for once.
 */
export class PodmanPods implements Beyond {
  readonly #client: EngineClient;
  readonly #folder: string;
  readonly #failed: (error: unknown) => void;
  /** By the container's id; empty outside of a pod. */
  readonly #pods: Map<string, string> = new Map();

  /** @param version of Podman, which is the version of its own API too; undefined if it is not known */
  constructor(
    client: EngineClient,
    version: string | undefined,
    failed: (error: unknown) => void = () => undefined,
  ) {
    this.#client = client;
    this.#folder = `/v${apiVersion(version)}/libpod`;
    this.#failed = failed;
  }

  async learn(ids: readonly string[]): Promise<void> {
    const unknown = ids.filter((id) => !this.#pods.has(id));
    if (unknown.length === 0) return;
    // Even if it fails: a proxy that forbids it would be asked for ever.
    for (const id of unknown) this.#pods.set(id, "");
    try {
      const pods = parsePods(await this.#client.ask(this.#pathFor(unknown), MOST_BYTES));
      for (const id of unknown) this.#pods.set(id, pods.get(id) ?? "");
    } catch (error) {
      this.#failed(error);
    }
  }

  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#pods.keys()) if (!ids.has(id)) this.#pods.delete(id);
  }

  complete(container: EngineContainer): EngineContainer {
    const pod = this.#pods.get(container.id) ?? "";
    return pod === "" ? container : { ...container, pod };
  }

  #pathFor(ids: readonly string[]): string {
    const all = `${this.#folder}/containers/json?all=true`;
    if (ids.length > MOST_FILTERED) return all;
    return `${all}&filters=${encodeURIComponent(JSON.stringify({ id: ids }))}`;
  }
}

function apiVersion(version: string | undefined): string {
  const [found, major] = /^(\d+)\.\d+\.\d+/.exec(version ?? "") ?? [];
  return found !== undefined && Number(major) >= 4 ? found : OLDEST_API;
}

/**
 * The pod's name by the container's id, of the answer of `GET /libpod/containers/json`.
 * https://docs.podman.io/en/latest/_static/api.html#tag/containers/operation/ContainerListLibpod
 */
export function parsePods(answer: unknown): ReadonlyMap<string, string> {
  const pods = new Map<string, string>();
  for (const entry of Array.isArray(answer) ? answer : []) {
    if (!isRecord(entry)) continue;
    const { Id: id, PodName: name } = entry;
    if (typeof id === "string" && typeof name === "string") pods.set(id, name);
  }
  return pods;
}
