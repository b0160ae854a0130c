/**
 * How many kills a cgroup path has had. Two sources tell: the cgroup's file, which counts all but
 * begins at 0 with each new cgroup and goes with it; and the kernel's messages, which name a kill
 * even if its cgroup is gone, but not every kill. Both count the same kills, so the larger number
 * holds, never the sum.
 */
export class Account {
  /** Of cgroups of this path that are gone. */
  #ended = 0;
  /** What the file said last. */
  #file = 0;
  /** Kills that were named. */
  #named = 0;
  /** Kills that certainly have not been and won't be named. */
  #unnamed = 0;

  /** All kills; never goes back. */
  get count(): number {
    return Math.max(this.#ended + this.#file, this.#unnamed + this.#named);
  }

  /** The file says so much. */
  read(value: number): void {
    if (value < this.#file) this.endUnseen();
    this.#file = value;
  }

  /** A kill has been named. */
  name(): void {
    this.#named++;
  }

  /** All messages that are older than the last `read` have been taken: what they lack won't come. */
  drained(): void {
    this.#unnamed = Math.max(this.#unnamed, this.#ended + this.#file - this.#named);
  }

  /** The cgroup has gone, another of this path does not exist, and all messages have been taken. */
  end(): void {
    this.#ended = this.count;
    this.#file = 0;
    this.drained();
  }

  /** The cgroup has gone, and another may have come already: which of them was named is not known. */
  endUnseen(): void {
    this.#ended += this.#file;
    this.#file = 0;
  }
}
