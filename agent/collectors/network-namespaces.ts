import { readlinkSync } from "node:fs";
import { join } from "node:path";

interface Owner {
  readonly cgroup: string;
  claims: number;
}

/**
 * Who owns which network namespace. Its counters are given to one cgroup only: otherwise containers
 * that share a network would each be counted with all of its traffic.
 */
export class NetworkNamespaces {
  readonly #procRoot: string;
  readonly #owners: Map<string, Owner> = new Map();
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

  /**
   * Makes a cgroup the owner of a namespace; false if that is the machine's or another's. Each of
   * its collectors claims it for itself, and gives it up again.
   */
  claim(namespace: string, cgroup: string): boolean {
    if (namespace === this.#host) return cgroup === "/";
    const owner = this.#owners.get(namespace);
    if (owner !== undefined && owner.cgroup !== cgroup) return false;
    if (owner === undefined) this.#owners.set(namespace, { cgroup, claims: 1 });
    else owner.claims++;
    return true;
  }

  /** Gives a claim up: after the last, another cgroup in the namespace may own it. */
  yield(namespace: string): void {
    const owner = this.#owners.get(namespace);
    if (owner !== undefined && --owner.claims === 0) this.#owners.delete(namespace);
  }
}
