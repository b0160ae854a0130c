import { readlinkSync, statSync } from "node:fs";
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
  readonly #owners: Map<string, Owner> = new Map();
  readonly #nameOf: NameOf;
  readonly #host: string | undefined;

  constructor(procRoot: string) {
    const [ofLink, ofFile] = [linksIn(procRoot), filesIn(procRoot)];
    // The links of the first process are closed to an agent with few rights, in a container or not.
    // All go by the same: one namespace must not have two names.
    this.#nameOf = ofLink("1") === undefined && ofFile("1") !== undefined ? ofFile : ofLink;
    // Where not even that is shown we take it that we live in the machine's network.
    this.#host = this.of("1") ?? this.of("self");
  }

  /** The namespace of a process by a name of the kernel's, always the same one; undefined if unreadable. */
  of(pid: string): string | undefined {
    return this.#nameOf(pid);
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

type NameOf = (pid: string) => string | undefined;

function attempt(read: NameOf): NameOf {
  return (pid) => {
    try {
      return read(pid);
    } catch {
      return undefined;
    }
  };
}

/** `net:[4026531840]`, for whom may look into the process. https://man7.org/linux/man-pages/man7/namespaces.7.html */
function linksIn(procRoot: string): NameOf {
  return attempt((pid) => readlinkSync(join(procRoot, pid, "ns", "net")));
}

/** The number of a file that each namespace has of its own, for everybody. */
function filesIn(procRoot: string): NameOf {
  return attempt((pid) => `dev:[${statSync(join(procRoot, pid, "net", "dev")).ino}]`);
}
