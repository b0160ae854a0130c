import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { Gate } from "../gate.ts";

/** Says whether a password belongs to a bcrypt hash. */
export type Compare = (password: string, hash: string) => Promise<boolean>;

const MOST_REMEMBERED = 256;
const MOST_WAITING = 16;
/** After each comparison others have the processor for so many times as long. */
const REST = 2;
const LONGEST_REST_MS = 2000;
/** Of a hash that nobody's password has, what follows the cost. */
const NOBODY = "abcdefghijklmnopqrstuuH3zDXGnbTtsYlqF0GHHuX6Zn1O3CXjS";

const withBcrypt: Compare = async (password, hash) => {
  const { compare } = await import("bcryptjs");
  return compare(password, hash);
};

/**
 * Compares passwords with bcrypt hashes, one at a time and never for long without a pause, as one costs
 * a tenth of a second of the program's only processor. What it found is remembered.
 */
export class Passwords {
  // A dump of memory should not tell the passwords of those who have been here.
  readonly #secret = randomBytes(32);
  readonly #right = new Recent();
  readonly #wrong = new Recent();
  readonly #pending = new Map<string, Promise<boolean>>();
  readonly #gate = new Gate(1, MOST_WAITING);
  readonly #compare: Compare;
  #busyUntil = 0;

  constructor(compare: Compare = withBcrypt) {
    this.#compare = compare;
  }

  /** What is known without any work; undefined if nothing is. */
  remembered(
    users: ReadonlyMap<string, string>,
    user: string,
    password: string,
  ): boolean | undefined {
    const key = this.#keyOf(users, user, password);
    if (this.#right.has(key)) return true;
    return this.#wrong.has(key) ? false : undefined;
  }

  /** Compares; as long for a user that there is not. Throws a 503 if too many wait. */
  check(users: ReadonlyMap<string, string>, user: string, password: string): Promise<boolean> {
    const key = this.#keyOf(users, user, password);
    const pending = this.#pending.get(key) ?? this.#start(key, users, user, password);
    return pending;
  }

  #start(
    key: string,
    users: ReadonlyMap<string, string>,
    user: string,
    password: string,
  ): Promise<boolean> {
    const hash = users.get(user);
    const work = this.#gate
      .run(() => this.#paced(password, hash ?? nobodyAmong(users)))
      .then((fits) => {
        const isRight = fits && hash !== undefined;
        (isRight ? this.#right : this.#wrong).add(key);
        return isRight;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, work);
    return work;
  }

  async #paced(password: string, hash: string): Promise<boolean> {
    const pause = this.#busyUntil - performance.now();
    if (pause > 0) await sleep(pause);
    const began = performance.now();
    try {
      return await this.#compare(password, hash);
    } finally {
      const ended = performance.now();
      this.#busyUntil = ended + Math.min((ended - began) * REST, LONGEST_REST_MS);
    }
  }

  /** Has the hash in it, so that a changed password is looked at anew. */
  #keyOf(users: ReadonlyMap<string, string>, user: string, password: string): string {
    const said = JSON.stringify([user, users.get(user) ?? "", password]);
    return createHmac("sha256", this.#secret).update(said).digest("base64");
  }
}

/** Costs as much as the first user's. */
function nobodyAmong(users: ReadonlyMap<string, string>): string {
  const [first = "$2b$10$"] = users.values();
  return `$2b$${first.slice(4, 6)}$${NOBODY}`;
}

/** The last few of many. */
class Recent {
  readonly #keys = new Set<string>();

  has(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size <= MOST_REMEMBERED) return;
    const [oldest = ""] = this.#keys;
    this.#keys.delete(oldest);
  }
}
