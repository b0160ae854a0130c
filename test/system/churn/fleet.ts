/** A number from 0 up to but not including 1, like `Math.random`. */
export type Random = () => number;

/** Numbers that a seed brings about again: mulberry32, which is public domain. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of a list that is not empty. */
export function oneOf<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}

/** What runs, by id: `name state`, as an engine lists it or as the agent tells it. */
export type Running = ReadonlyMap<string, string>;

/** Place for one container, which comes, changes and goes there. */
export interface Berth {
  /** Does one thing that is possible now, chosen by chance; says what. */
  change(random: Random): Promise<string>;
}

/** The berths of an engine, and what the engine says of them. */
export interface Fleet {
  /** The `runtime` of its containers. */
  readonly runtime: string;
  /** The cgroup above all of its containers. */
  readonly parent: string;
  readonly berths: readonly Berth[];
  /** What runs, as the engine lists it; paused counts. */
  list(): Promise<Running>;
  log(): string;
}
