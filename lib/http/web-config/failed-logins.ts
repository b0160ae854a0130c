import { isIPv6 } from "node:net";

import { TokenBucket } from "./token-bucket.ts";

/** An address may fail so often at once, and then once in so many milliseconds. */
const BURST = 10;
const INTERVAL_MS = 6000;
/** Whoever has more addresses than this has others forgotten. */
const MOST_ADDRESSES = 4096;

/** Who has failed to log in how often, and who has been let in from where. */
export class FailedLogins {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #letIn = new Set<string>();

  /** Seconds after which an address that may not try may try again. */
  readonly pauseSeconds: number = INTERVAL_MS / 1000;

  /** Whether an address may try; counts as failed until `succeeded`. */
  tries(address: string, now: number): boolean {
    const key = networkOf(address);
    const bucket = this.#buckets.get(key) ?? new TokenBucket(INTERVAL_MS, BURST, now);
    // The newest stand last.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_ADDRESSES) forgetOldest(this.#buckets);
    return bucket.take(now);
  }

  /** Whether this user was let in from this address before: only then may what is remembered pass without a try. */
  wasLetIn(address: string, user: string): boolean {
    const key = `${networkOf(address)} ${user}`;
    if (!this.#letIn.delete(key)) return false;
    this.#letIn.add(key);
    return true;
  }

  /** What an address has just tried for a user was right. */
  succeeded(address: string, user: string, now: number): void {
    const key = networkOf(address);
    this.#letIn.add(`${key} ${user}`);
    if (this.#letIn.size > MOST_ADDRESSES) forgetOldest(this.#letIn);
    const bucket = this.#buckets.get(key);
    bucket?.giveBack();
    if (bucket?.isFull(now) === true) this.#buckets.delete(key);
  }

  get size(): number {
    return this.#buckets.size;
  }
}

function forgetOldest(all: Pick<Set<string>, "keys" | "delete">): void {
  for (const key of all.keys()) {
    all.delete(key);
    return;
  }
}

/** Whoever has one address of IPv6 has 2⁶⁴ of them. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/iu, "").replace(/%.*$/u, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const parts = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - parts.length - after.length) }, () => "0");
  return [...parts, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(":");
}
