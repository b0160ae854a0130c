import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import type { EngineContainer, Runtime } from "../../agent/runtimes/runtime.ts";
import { type KnownContainers, knownOf } from "../known-containers.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Part } from "../testbed/parts.ts";
import { sleep, until } from "../testbed/wait.ts";

/** What an engine itself says of a container, in the words that its runtime is to use for it. */
export type Truth = Pick<EngineContainer, "id" | "name" | "image" | "state" | "labels">;

/** A container to start that sleeps for long. */
export interface Wanted {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Checked often; it is healthy as long as the file /tmp/sick is not there. */
  readonly isChecked?: boolean;
}

/** A real engine of a test's own, as the suite drives it. */
export interface EngineUnderTest {
  /** A new runtime that follows this engine; the suite starts and closes it. */
  createRuntime(): Runtime;
  /** All containers, running or not, as the engine's own API or command line tells them. */
  list(): Promise<readonly Truth[]>;
  /** Starts a container and gives its id. */
  run(wanted: Wanted): Promise<string>;
  /** Ends its first process; the container stays. */
  kill(id: string): Promise<void>;
  /** Removes it, running or not. */
  remove(id: string): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  pause(id: string): Promise<void>;
  unpause(id: string): Promise<void>;
  /** Ends it and starts it again under the same id. */
  restart(id: string): Promise<void>;
  /** Makes a checked container sick, and has its check run if that does not happen by itself. */
  sicken(id: string): Promise<void>;
  /** Kills the engine's own process (SIGKILL). */
  die(): Promise<void>;
  /** Starts the engine again, on what it left behind. */
  revive(): Promise<void>;
  log(): string;
  close(): Promise<void>;
}

const odd = {
  "org.example/with space": "two words",
  'quote"and\\slash': "'\"\\`$HOME",
  "wörter.東京": "ü 東京 🚢",
  empty: "",
  "new line": "a\nb",
};

/** What every runtime promises, tried on a real engine: what it tells is what the engine itself lists. */
export function describeRuntime(
  name: string,
  parts: readonly Part[],
  open: () => Promise<EngineUnderTest>,
): void {
  describeWith(parts, name, () => {
    let engine: EngineUnderTest;
    let runtime: Runtime;
    let known: KnownContainers;

    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine?.close());

    beforeEach(async () => {
      runtime = engine.createRuntime();
      known = knownOf(runtime);
      await isConnected(runtime, engine);
    });
    afterEach(async () => {
      await runtime?.close();
      for (const { id } of await engine.list()) await engine.remove(id);
    });

    test("tells what was there before it came, and what it is", async () => {
      const id = await engine.run({ name: "before" });
      await runtime.close();
      runtime = engine.createRuntime();
      known = knownOf(runtime);
      await expectAgreement(engine, known);
      await until("its start", () => known.containers.get(id)?.startedAt);
      expect(known.containers.get(id)).toMatchObject({ name: "before", state: "running" });
      expect(known.containers.get(id)?.image).toContain("busybox");
      expect(Date.parse(known.containers.get(id)?.createdAt ?? "")).toBeGreaterThan(0);
      expect(known.containers.size).toBe(1);
      await until("the engine's version", () => runtime.engineVersion);
    });

    test("tells a container's life", async () => {
      const id = await engine.run({ name: "one" });
      await expectAgreement(engine, known);
      expect(known.containers.get(id)?.state).toBe("running");
      await engine.kill(id);
      await expectAgreement(engine, known);
      expect(known.containers.get(id)?.state).toBe("exited");
      await engine.remove(id);
      await expectAgreement(engine, known);
      expect(known.containers.size).toBe(0);
    });

    test("tells another name", async () => {
      const id = await engine.run({ name: "old" });
      await expectAgreement(engine, known);
      await engine.rename(id, "new");
      await expectAgreement(engine, known);
      expect(known.containers.get(id)?.name).toBe("new");
    });

    test("tells that a container pauses and goes on", async () => {
      const id = await engine.run({ name: "sleeper" });
      await expectAgreement(engine, known);
      await engine.pause(id);
      await expectAgreement(engine, known);
      expect(known.containers.get(id)?.state).toBe("paused");
      await engine.unpause(id);
      await expectAgreement(engine, known);
      expect(known.containers.get(id)?.state).toBe("running");
    });

    test("tells a new start", async () => {
      const id = await engine.run({ name: "again" });
      const first = await until("its start", () => known.containers.get(id)?.startedAt);
      await engine.restart(id);
      await until("the new start", () => {
        const { startedAt } = known.containers.get(id) ?? {};
        return startedAt !== undefined && startedAt > first;
      });
      await expectAgreement(engine, known);
    });

    test("tells labels as they are", async () => {
      const id = await engine.run({ name: "labelled", labels: odd });
      await expectAgreement(engine, known);
      expect(known.containers.get(id)?.labels).toMatchObject(odd);
    });

    test("tells what a health check says", async () => {
      const id = await engine.run({ name: "checked", isChecked: true });
      const health = (): string | undefined => known.containers.get(id)?.health;
      await until("a check", () => health() === "starting" || health() === "healthy");
      await engine.sicken(id);
      await until("it to be sick", () => health() === "unhealthy", { log: () => engine.log() });
    });

    test("agrees with the engine through ten seconds of coming and going", async () => {
      await comeAndGo(engine, 10_000);
      await expectAgreement(engine, known);
      expect(known.containers.size).toBeGreaterThan(0);
      expect([...known.containers.values()].filter((each) => each.name === "")).toEqual([]);
    });

    test("finds the engine again after it was killed", async () => {
      await engine.run({ name: "first" });
      await expectAgreement(engine, known);
      await engine.die();
      await until("the failure to be noticed", () => runtime.health !== "connected");
      await engine.revive();
      await isConnected(runtime, engine);
      await engine.run({ name: "second" });
      await expectAgreement(engine, known);
    });

    test("tells nothing more once it is closed", async () => {
      await runtime.close();
      const before = known.upserts();
      await engine.run({ name: "unseen" });
      expect(known.upserts()).toBe(before);
    });
  });
}

async function isConnected(runtime: Runtime, engine: EngineUnderTest): Promise<void> {
  await until("the engine to be followed", () => runtime.health === "connected", {
    log: () => engine.log(),
  });
}

/** What was told is what the engine lists. Less than the minute after which everything is listed again. */
async function expectAgreement(engine: EngineUnderTest, known: KnownContainers): Promise<void> {
  let told = "";
  let listed = "";
  try {
    await until(
      "the runtime to tell what the engine lists",
      async () => {
        listed = textOf(await engine.list());
        told = textOf([...known.containers.values()]);
        return told === listed;
      },
      { timeoutMs: 20_000, log: () => engine.log() },
    );
  } catch (error) {
    expect(told).toBe(listed);
    throw error;
  }
}

function textOf(containers: readonly Truth[]): string {
  const lines = containers.map(({ id, name, image, state, labels }) => {
    const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify({ id, name, image, state, labels: sorted });
  });
  return lines.toSorted().join("\n");
}

/** Two at a time: starts, renames, pauses, restarts, kills and removes at random, the same in every run. */
async function comeAndGo(engine: EngineUnderTest, forMs: number): Promise<void> {
  const random = seeded(11);
  const deadline = performance.now() + forMs;
  let count = 0;
  const worker = async (): Promise<void> => {
    const own: string[] = [];
    while (performance.now() < deadline || own.length === 0) {
      const index = Math.floor(random() * 6);
      const id = own[index];
      if (id === undefined) own.push(await engine.run({ name: `c-${count++}` }));
      else if (await happen(engine, id, random())) own.splice(index, 1);
      await sleep(20);
    }
  };
  await Promise.all([worker(), worker()]);
}

/** Something happens to a running container; true if it no longer runs. */
async function happen(engine: EngineUnderTest, id: string, chance: number): Promise<boolean> {
  if (chance < 0.2) await engine.rename?.(id, `r-${id.slice(0, 12)}-${Math.round(chance * 1e6)}`);
  else if (chance < 0.4) {
    await engine.pause?.(id);
    await engine.unpause(id);
  } else if (chance < 0.55) await engine.restart?.(id);
  else if (chance < 0.7) await engine.kill(id);
  else await engine.remove(id);
  return chance >= 0.55;
}

/** Numbers from 0 up to 1, the same in every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
