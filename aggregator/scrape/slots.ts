interface Waiting {
  readonly start: () => void;
}

interface Host {
  running: number;
  /** By address, the one whose turn it is first. */
  readonly waiting: Map<string, Set<Waiting>>;
}

/**
 * How many may be asked at once: all together, and of one host. Hosts take turns, and so do the
 * addresses of a host, so that one with ten thousand who wait keeps no other waiting.
 */
export class Slots {
  readonly #most: number;
  readonly #mostOfHost: number;
  readonly #hosts = new Map<string, Host>();
  #running = 0;

  constructor(most: number, mostOfHost: number) {
    this.#most = most;
    this.#mostOfHost = mostOfHost;
  }

  /**
   * Waits for a slot at `HOST:PORT`; answers how to give it back. Undefined if the signal came first,
   * or none was free for `patience` milliseconds.
   */
  async take(
    address: string,
    patience: number,
    signal: AbortSignal,
  ): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    const name = address.replace(/:\d+$/u, "");
    const host = this.#hosts.get(name) ?? { running: 0, waiting: new Map() };
    this.#hosts.set(name, host);
    if (!this.#isFree(host) && !(await this.#wait(host, address, patience, signal))) {
      this.#forget(name, host);
      return undefined;
    }
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      host.running--;
      this.#running--;
      this.#forget(name, host);
      this.#startNext();
    };
  }

  #isFree(host: Host): boolean {
    if (host.waiting.size > 0 || !this.#hasRoom(host)) return false;
    this.#count(host);
    return true;
  }

  #hasRoom(host: Host): boolean {
    return this.#running < this.#most && host.running < this.#mostOfHost;
  }

  #count(host: Host): void {
    host.running++;
    this.#running++;
  }

  /** Whoever is started counts from that moment on. */
  #wait(host: Host, address: string, patience: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = host.waiting.get(address) ?? new Set();
      host.waiting.set(address, waiting);
      const end = (isStarted: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        waiting.delete(entry);
        if (waiting.size === 0) host.waiting.delete(address);
        resolve(isStarted);
      };
      const giveUp = (): void => end(false);
      const entry = { start: () => end(true) };
      const timer = setTimeout(giveUp, patience);
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.add(entry);
    });
  }

  #startNext(): void {
    for (const [name, host] of this.#hosts) {
      const [first] = host.waiting;
      const [next] = first?.[1] ?? [];
      if (first === undefined || next === undefined || !this.#hasRoom(host)) continue;
      this.#count(host);
      host.waiting.delete(first[0]);
      host.waiting.set(...first);
      // To the end of the row: the others come first next time.
      this.#hosts.delete(name);
      this.#hosts.set(name, host);
      next.start();
      return;
    }
  }

  #forget(name: string, host: Host): void {
    if (host.running === 0 && host.waiting.size === 0) this.#hosts.delete(name);
  }
}
