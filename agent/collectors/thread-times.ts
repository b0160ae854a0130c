/** What is counted of a thread: ns on a CPU, ns waiting for one, times that it was given one. */
export const THREAD_TIMES = 3;

interface Node {
  /** What the threads of the cgroup itself have added. */
  readonly own: Float64Array;
  /** With all cgroups below it. */
  readonly total: Float64Array;
}

/**
 * The times of threads, cgroup by cgroup, each with those below it. Only growth is ever added, so
 * that a sum keeps what threads and cgroups have used that are no more, and no thread is read twice.
 * A cgroup that is sampled before those below it shows in the next sample what they have added.
 */
export class ThreadTimes {
  readonly #nodes: Map<string, Node> = new Map();

  /** Begins to count a cgroup, with what is known of those below it. */
  open(id: string): void {
    const node = { own: new Float64Array(THREAD_TIMES), total: new Float64Array(THREAD_TIMES) };
    for (const [other, { own }] of this.#nodes) {
      if (isBelow(other, id)) addTo(node.total, own);
    }
    this.#nodes.set(id, node);
  }

  /** Adds to a cgroup and to all above it; NaN makes their sums NaN for good. */
  add(id: string, growth: Float64Array): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) addTo(node.own, growth);
    for (let at: string | undefined = id; at !== undefined; at = parentOf(at)) {
      const total = this.#nodes.get(at)?.total;
      if (total !== undefined) addTo(total, growth);
    }
  }

  /** The sums of a cgroup and everything below it. */
  total(id: string): Float64Array | undefined {
    return this.#nodes.get(id)?.total;
  }

  /** Forgets a cgroup; those above it keep what it has added. */
  close(id: string): void {
    this.#nodes.delete(id);
  }
}

function addTo(sums: Float64Array, growth: Float64Array): void {
  for (let place = 0; place < sums.length; place++) {
    sums[place] = (sums[place] ?? Number.NaN) + (growth[place] ?? Number.NaN);
  }
}

function parentOf(id: string): string | undefined {
  if (id === "/") return undefined;
  return id.slice(0, Math.max(1, id.lastIndexOf("/")));
}

function isBelow(id: string, ancestor: string): boolean {
  return id !== ancestor && id.startsWith(ancestor === "/" ? "/" : `${ancestor}/`);
}
