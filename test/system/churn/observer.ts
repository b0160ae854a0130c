import type { ContainerStats } from "../../../wire/stats/answer.ts";
import { askStats } from "../ask.ts";
import type { Fleet, Running } from "./fleet.ts";

/** What the agent does not say so long after the engine did is wrong, on the slowest of machines; the list of every minute would mend it. */
const PATIENCE_MS = 30_000;

const ABSENT = "absent";

/** The cgroup of a container of Docker, Podman or CRI with the cgroupfs driver. */
const OF_CONTAINER = /\/(?:libpod-)?[0-9a-f]{64}$/;

/** What an engine says of a container, and since when the agent says something else. */
interface Difference {
  readonly engine: string;
  readonly agent: string;
  /** What the agent said when the difference was first seen. */
  readonly first: string;
  readonly since: number;
}

/** Compares what the agent shows of an engine's containers with what the engine lists, again and again. */
class Watch {
  /** Milliseconds from when a change was seen in the engine's list until the agent said the same. */
  readonly lags: number[] = [];
  /** Milliseconds for which a container had no name. */
  readonly nameless: number[] = [];
  readonly faults: string[] = [];
  readonly #fleet: Fleet;
  #listed: Running = new Map();
  readonly #differences: Map<string, Difference> = new Map();
  /** By cgroup, since when it has had no name. */
  readonly #unnamed: Map<string, number> = new Map();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Those containers about which the agent does not say what the engine does. */
  get differences(): ReadonlyMap<string, Difference> {
    return this.#differences;
  }

  /** Takes an answer of the engine and one of the agent, of the same time. */
  compare(listed: Running, answer: readonly ContainerStats[], now: number): void {
    const own = answer.filter(({ id }) => id.startsWith(`${this.#fleet.parent}/`));
    const shown = this.#shownIn(own);
    const known = [this.#listed, this.#differences, listed, shown].flatMap((one) => [
      ...one.keys(),
    ]);
    for (const id of new Set(known)) {
      this.#compareOne(id, listed.get(id) ?? ABSENT, shown.get(id) ?? ABSENT, now);
    }
    this.#listed = listed;
    this.#checkNames(own, now);
  }

  #shownIn(own: readonly ContainerStats[]): Running {
    const shown = new Map<string, string>();
    for (const { container_id: id, name, state } of own) {
      if (id === undefined) continue;
      if (shown.has(id)) this.faults.push(`${name} (${id}) is there twice`);
      shown.set(id, `${name} ${state}`);
    }
    return shown;
  }

  #compareOne(id: string, engine: string, agent: string, now: number): void {
    const isNew = engine !== (this.#listed.get(id) ?? ABSENT);
    const before = isNew ? undefined : this.#differences.get(id);
    if (engine === agent) {
      if (isNew) this.lags.push(0);
      if (before !== undefined && agent !== before.first) this.lags.push(now - before.since);
      this.#differences.delete(id);
      return;
    }
    const since = before?.since ?? now;
    const first = before?.first ?? agent;
    this.#differences.set(id, { engine, agent, first, since });
    if (now - since < PATIENCE_MS) return;
    this.faults.push(`${id}: the engine says ${engine}, the agent ${agent}`);
    this.#differences.set(id, { engine, agent, first, since: now });
  }

  #checkNames(own: readonly ContainerStats[], now: number): void {
    const unnamed = new Set(own.filter(isNameless).map(({ id }) => id));
    for (const id of unnamed) {
      const since = this.#unnamed.get(id) ?? now;
      this.#unnamed.set(id, since);
      if (now - since >= PATIENCE_MS) this.faults.push(`${id} has no name`);
    }
    for (const [id, since] of this.#unnamed) {
      if (unnamed.has(id)) continue;
      this.#unnamed.delete(id);
      this.nameless.push(now - since);
    }
  }
}

function isNameless({ id, container_id: engineId, name }: ContainerStats): boolean {
  if (engineId === undefined) return OF_CONTAINER.test(id);
  return name === id || name === engineId.slice(0, 12);
}

/** One agent and several engines, compared. */
export class Observer {
  /** How often both were asked. */
  looks = 0;
  readonly #url: string;
  readonly #watches: ReadonlyMap<Fleet, Watch>;

  /** @param url the agent's, without a path */
  constructor(url: string, fleets: readonly Fleet[]) {
    this.#url = url;
    this.#watches = new Map(fleets.map((fleet) => [fleet, new Watch(fleet)]));
  }

  /** Asks all once; whether the agent says what the engines do. */
  async look(): Promise<boolean> {
    const fleets = [...this.#watches.keys()];
    const [{ containers }, ...lists] = await Promise.all([
      askStats(`${this.#url}/stats?metrics=cpu_cores`),
      ...fleets.map((fleet) => fleet.list()),
    ]);
    const now = performance.now();
    for (const [at, fleet] of fleets.entries()) {
      this.#watches.get(fleet)?.compare(lists[at] ?? new Map(), containers, now);
    }
    this.looks++;
    return this.differences().length === 0;
  }

  get faults(): readonly string[] {
    return [...this.#watches].flatMap(([{ runtime }, { faults }]) =>
      faults.map((fault) => `${runtime}: ${fault}`),
    );
  }

  /** A line for each container about which they do not agree now. */
  differences(): readonly string[] {
    return [...this.#watches].flatMap(([{ runtime }, { differences }]) =>
      [...differences].map(
        ([id, { engine, agent }]) => `${runtime} says of ${id}: ${engine}, the agent: ${agent}`,
      ),
    );
  }

  /** A line for each engine: how far the agent was behind it. */
  report(): string {
    const lines = [...this.#watches].map(([{ runtime }, { lags, nameless }]) => [
      runtime,
      `${lags.length} changes seen`,
      `behind ${ranks(lags)}`,
      `nameless ${ranks(nameless)}`,
    ]);
    return lines.map((line) => line.join(", ")).join("\n");
  }
}

function ranks(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return "never";
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const rank = (part: number): string => {
    const at = Math.max(0, Math.ceil(sorted.length * part) - 1);
    return ((sorted[at] ?? 0) / 1000).toFixed(2);
  };
  return `p50 ${rank(0.5)} s, p99 ${rank(0.99)} s, most ${rank(1)} s (${sorted.length} times)`;
}
