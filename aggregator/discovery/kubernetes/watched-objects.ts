import type { Troubles } from "../troubles.ts";
import type { ApiServer } from "./api-server.ts";
import type { ClusterObjects, ObjectStore } from "./cluster-objects.ts";
import { type Resource, type ResourceName, resources } from "./resources.ts";
import type { Selector } from "./settings.ts";
import { Watch } from "./watch.ts";

/** Watches of one kind of objects, one for each namespace, together. */
class WatchedKind<T> {
  readonly #resource: Resource<T>;
  readonly #watches: Watch<T>[] = [];

  constructor(resource: Resource<T>) {
    this.#resource = resource;
  }

  get synced(): boolean {
    return this.#watches.every(({ synced }) => synced);
  }

  objects(): ObjectStore<T> {
    const [first] = this.#watches;
    if (this.#watches.length === 1 && first !== undefined) return first.objects;
    return new Map(this.#watches.flatMap(({ objects }) => [...objects]));
  }

  /** Returns what follows it. */
  add(
    server: ApiServer,
    path: string,
    selector: Selector | undefined,
    listener: ConstructorParameters<typeof Watch>[2],
  ): (signal: AbortSignal) => Promise<void> {
    const watch = new Watch(
      server,
      {
        path,
        read: (object) => this.#resource.read(object),
        ...(selector?.label === undefined ? {} : { labelSelector: selector.label }),
        ...(selector?.field === undefined ? {} : { fieldSelector: selector.field }),
      },
      listener,
    );
    this.#watches.push(watch);
    return (signal) => watch.run(signal);
  }
}

/** All that is watched of a cluster. */
export class WatchedObjects {
  readonly #kinds = {
    nodes: new WatchedKind(resources.nodes),
    namespaces: new WatchedKind(resources.namespaces),
    pods: new WatchedKind(resources.pods),
    services: new WatchedKind(resources.services),
    endpoints: new WatchedKind(resources.endpoints),
    endpointslices: new WatchedKind(resources.endpointslices),
    ingresses: new WatchedKind(resources.ingresses),
    replicasets: new WatchedKind(resources.replicasets),
    jobs: new WatchedKind(resources.jobs),
  };
  readonly #runs: ((signal: AbortSignal) => Promise<void>)[] = [];
  readonly #troubles: Troubles;
  readonly #changed: () => void;

  constructor(troubles: Troubles, changed: () => void) {
    this.#troubles = troubles;
    this.#changed = changed;
  }

  /** Whether a whole list of each of them has been read. */
  get synced(): boolean {
    return Object.values(this.#kinds).every(({ synced }) => synced);
  }

  /** As they are now; kinds that are not watched have none. */
  objects(): ClusterObjects {
    const kinds = this.#kinds;
    return {
      nodes: kinds.nodes.objects(),
      namespaces: kinds.namespaces.objects(),
      pods: kinds.pods.objects(),
      services: kinds.services.objects(),
      endpoints: kinds.endpoints.objects(),
      endpointslices: kinds.endpointslices.objects(),
      ingresses: kinds.ingresses.objects(),
      replicasets: kinds.replicasets.objects(),
      jobs: kinds.jobs.objects(),
    };
  }

  add(server: ApiServer, name: ResourceName, path: string, selector: Selector | undefined): void {
    const listener = {
      changed: this.#changed,
      succeeded: (): void => this.#troubles.succeeded(path),
      failed: (error: unknown): void => this.#troubles.failed(path, error),
    };
    this.#runs.push(this.#kinds[name].add(server, path, selector, listener));
  }

  /** Follows all of them until the signal comes. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#runs.map((run) => run(signal)));
  }
}
