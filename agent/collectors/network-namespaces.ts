import { readlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Who owns which network namespace. Its counters are given to one cgroup only: otherwise containers
 * that share a network would each be counted with all of its traffic.
 */
export class NetworkNamespaces {
  readonly #procRoot: string;
  readonly #owners: Map<string, string> = new Map();
  readonly #host: string | undefined;

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
    // The first process may be closed to us; then we take it that we live in the machine's network.
    this.#host = this.of("1") ?? this.of("self");
  }

  /** The namespace of a process, as the kernel names it (`net:[4026531840]`); undefined if unreadable. */
  of(pid: string): string | undefined {
    try {
      return readlinkSync(join(this.#procRoot, pid, "ns", "net"));
    } catch {
      return undefined;
    }
  }

  /** Makes a cgroup the owner of a namespace; false if that is the machine's or another's. */
  claim(namespace: string, cgroup: string): boolean {
    if (namespace === this.#host) return cgroup === "/";
    const owner = this.#owners.get(namespace);
    if (owner !== undefined) return owner === cgroup;
    this.#owners.set(namespace, cgroup);
    return true;
  }

  /** Gives a namespace up, so that another cgroup in it may own it. */
  yield(namespace: string): void {
    this.#owners.delete(namespace);
  }
}
