import { isRecord } from "../../../lib/record.ts";
import type { Beyond } from "../docker-api/beyond.ts";
import type { EngineClient } from "../docker-api/engine-client.ts";
import { reasonOf } from "../docker-api/engine-error.ts";
import type { EngineContainer } from "../runtime.ts";

const MOST_BYTES = 33_554_432;

/** Every Podman from 4.0 on takes this version of its own API. */
const OLDEST_API = "4.0.0";

/** More ids than so many are not put into an address: all containers are asked for. */
const MOST_FILTERED = 10;

const MOST_TRIES = 5;

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
  /** By the container's id: what is under way. */
  readonly #asking: Map<string, Promise<void>> = new Map();
  /** By the container's id: how often no answer has told of it. */
  readonly #tries: Map<string, number> = new Map();

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
    const unasked = unknown.filter((id) => !this.#asking.has(id));
    if (unasked.length > 0) {
      const asking = this.#ask(unasked);
      for (const id of unasked) this.#asking.set(id, asking);
    }
    // Also for what somebody else has asked for: who goes on without it shows a container outside of its pod.
    const underWay = unknown.flatMap((id) => this.#asking.get(id) ?? []);
    await Promise.all(new Set(underWay));
  }

  async #ask(ids: readonly string[]): Promise<void> {
    try {
      const pods = parsePods(await this.#client.ask(this.#pathFor(ids), MOST_BYTES));
      // One that is missing in the answer is just being made, or gone.
      for (const id of ids) this.#learnt(id, pods.get(id));
    } catch (error) {
      this.#failed(error);
      // Who forbids it, or does not know it, will say the same the next time.
      const isRefused = reasonOf(error).startsWith("http_4");
      for (const id of ids) this.#learnt(id, isRefused ? "" : undefined);
    } finally {
      for (const id of ids) this.#asking.delete(id);
    }
  }

  /** Without an answer it is asked for again, but not for ever. */
  #learnt(id: string, pod: string | undefined): void {
    const tries = (this.#tries.get(id) ?? 0) + 1;
    if (pod === undefined && tries < MOST_TRIES) {
      this.#tries.set(id, tries);
      return;
    }
    this.#tries.delete(id);
    this.#pods.set(id, pod ?? "");
  }

  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#pods.keys()) if (!ids.has(id)) this.#pods.delete(id);
    for (const id of this.#tries.keys()) if (!ids.has(id)) this.#tries.delete(id);
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
