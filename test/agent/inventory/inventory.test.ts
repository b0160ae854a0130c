import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Inventory } from "../../../agent/inventory/inventory.ts";
import type { EngineContainer, Runtime, RuntimeListener } from "../../../agent/runtimes/runtime.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)] as const;

/** Stands for an engine: the test says through `tell` what it tells. */
class FakeEngine implements Runtime {
  readonly health = "connected";
  readonly failures: ReadonlyMap<string, number> = new Map();
  readonly name: string;
  listener: RuntimeListener | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get tell(): RuntimeListener {
    if (this.listener === undefined) throw new Error("nobody follows it");
    return this.listener;
  }

  start(listener: RuntimeListener): void {
    this.listener = listener;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function container(id: string, more: Partial<EngineContainer> = {}): EngineContainer {
  return { id, name: "web", image: "nginx:1", labels: {}, state: "running", ...more };
}

function opened(...names: readonly string[]): {
  readonly inventory: Inventory;
  readonly engines: readonly FakeEngine[];
  readonly changed: string[];
} {
  const changed: string[] = [];
  const inventory = new Inventory((id) => changed.push(id));
  const engines = names.map((name) => new FakeEngine(name));
  for (const engine of engines) inventory.follow(engine, () => {});
  return { inventory, engines, changed };
}

it("a container's network mode is told as its engine tells it, and not at all where it does not", () => {
  const { inventory, engines } = opened("docker");
  engines[0]!.tell.upsert(container(A, { networkMode: "container:b" }));
  engines[0]!.tell.upsert(container(B));
  expect(inventory.describe(`/docker/${A}`).network_mode).toBe("container:b");
  expect(inventory.describe(`/docker/${B}`)).not.toHaveProperty("network_mode");
  expect(inventory.describe("/system.slice")).not.toHaveProperty("network_mode");
});

describe("several engines that know one container", () => {
  it("the one that was followed first is believed, whichever speaks first", () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { inventory, engines } = opened("docker", "containerd");
      for (const place of order) {
        const { tell, name } = engines[place]!;
        tell.upsert(container(A, { name: `of-${name}` }));
      }
      expect(inventory.describe(`/docker/${A}`)).toMatchObject({
        name: "of-docker",
        runtime: "docker",
      });
      expect(inventory.size).toBe(1);
    }
  });

  it("the next is believed when the first lets go", () => {
    const { inventory, engines, changed } = opened("docker", "containerd");
    for (const { tell } of engines) tell.upsert(container(A));
    changed.length = 0;
    engines[0]!.tell.remove(A);
    expect(changed).toEqual([A]);
    expect(inventory.describe(`/docker/${A}`).runtime).toBe("containerd");
    engines[1]!.tell.remove(A);
    expect(inventory.has(A)).toBe(false);
    expect(inventory.describe(`/docker/${A}`).runtime).toBeUndefined();
  });

  it("what one has no more stays another's", () => {
    const { inventory, engines } = opened("docker", "podman");
    engines[0]!.tell.upsert(container(A));
    engines[1]!.tell.upsert(container(B));
    engines[0]!.tell.retain(new Set());
    expect([inventory.has(A), inventory.has(B)]).toEqual([false, true]);
    engines[1]!.tell.retain(new Set([B]));
    expect(inventory.sourceOf(B)).toBe("podman");
  });

  it("a change that is not believed changes nothing", () => {
    const { engines, changed } = opened("docker", "containerd");
    engines[0]!.tell.upsert(container(A));
    changed.length = 0;
    engines[1]!.tell.upsert(container(A, { name: "other" }));
    expect(changed).toEqual([]);
  });

  it("a list keeps what an answer about one container has told, of its own engine alone", () => {
    const { inventory, engines } = opened("docker", "containerd");
    engines[1]!.tell.upsert(container(A, { startedAt: "2026-01-01T00:00:00Z" }));
    engines[0]!.tell.upsert(container(A, { createdAt: "2025-01-01T00:00:00Z" }));
    engines[0]!.tell.upsert(container(A, { name: "renamed" }));
    const shown = inventory.describe(`/docker/${A}`);
    expect(shown).toMatchObject({ name: "renamed", created_at: "2025-01-01T00:00:00Z" });
    expect(shown.started_at).toBeUndefined();
  });

  it("in the end only what each tells counts, not when it told it", () => {
    const names = ["docker", "containerd", "disk"];
    const word = fc.record({
      engine: fc.nat({ max: 2 }),
      id: fc.constantFrom(A, B),
      what: fc.constantFrom("upsert", "remove", "retain"),
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        const { inventory, engines } = opened(...names);
        const told = names.map(() => new Set<string>());
        for (const { engine, id, what } of words) {
          const { tell } = engines[engine]!;
          if (what === "upsert") tell.upsert(container(id));
          else if (what === "remove") tell.remove(id);
          else tell.retain(new Set([id]));
          const own = told[engine]!;
          if (what === "upsert") own.add(id);
          else if (what === "remove") own.delete(id);
          else for (const other of own) if (other !== id) own.delete(other);
        }
        for (const id of [A, B]) {
          expect(inventory.sourceOf(id)).toBe(names[told.findIndex((own) => own.has(id))]);
        }
      }),
    );
  });
});

describe("a runtime that tells of another's containers", () => {
  it("gives them their own engine's name, and the pod that it keeps them in", () => {
    const { inventory, engines } = opened("disk");
    engines[0]!.tell.upsert(container(A, { runtime: "podman", pod: "shop" }));
    expect(inventory.describe(`/libpod_parent/libpod-${A}`)).toMatchObject({
      runtime: "podman",
      groups: { pod: "shop" },
    });
    expect(inventory.sourceOf(A)).toBe("disk");
  });
});

describe("several cgroups that carry one id", () => {
  const PATHS = [`/docker/${A}`, `/system.slice/docker-${A}.scope`, `/kubepods/burstable/${A}`];

  it("exactly one is the container, the same whatever order they come and go in", () => {
    const orders = fc.shuffledSubarray([...PATHS], { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(orders, orders, (come, go) => {
        const { inventory, engines } = opened("docker");
        engines[0]!.tell.upsert(container(A));
        const there = new Set<string>();
        const check = (): void => {
          const named = PATHS.filter((path) => there.has(path)).filter(
            (path) => inventory.describe(path).runtime !== undefined,
          );
          expect(named).toEqual(PATHS.filter((path) => there.has(path)).slice(0, 1));
        };
        for (const path of come) {
          inventory.appeared(path);
          there.add(path);
          check();
        }
        for (const path of go) {
          inventory.vanished(path);
          there.delete(path);
          check();
        }
      }),
    );
  });

  it("who waits for containers is told of one of them at a time, and of the end", () => {
    const { inventory, changed } = opened();
    const heard: string[] = [];
    inventory.appeared(PATHS[1]!);
    inventory.followPaths({
      appeared: (id, cgroup) => heard.push(`${id.slice(0, 1)} ${cgroup}`),
      vanished: (id) => heard.push(`${id.slice(0, 1)} gone`),
    });
    inventory.appeared(PATHS[2]!);
    inventory.appeared(PATHS[0]!);
    inventory.appeared("/docker");
    inventory.vanished(PATHS[0]!);
    inventory.vanished(PATHS[2]!);
    inventory.vanished(PATHS[1]!);
    expect(heard).toEqual([`a ${PATHS[1]}`, `a ${PATHS[0]}`, `a ${PATHS[1]}`, "a gone"]);
    expect(changed).toEqual([A, A]);
  });
});
