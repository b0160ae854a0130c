import process from "node:process";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Containerd, startContainerd } from "../testbed/containerd.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type PodmanEngine, startPodman } from "../testbed/podman.ts";
import { sleep, until } from "../testbed/wait.ts";
import { criFleet } from "./churn/cri-fleet.ts";
import { dockerFleet } from "./churn/docker-fleet.ts";
import { type Berth, type Fleet, oneOf, type Random, seeded } from "./churn/fleet.ts";
import { Observer } from "./churn/observer.ts";
import { startAgent, type StartedAgent } from "./start-agent.ts";

const SECONDS = Number(process.env["PLIMSOLL_CHURN_SECONDS"] ?? 40);
const CONTAINERS = Number(process.env["PLIMSOLL_CHURN_CONTAINERS"] ?? 6);
const SEED = Number(process.env["PLIMSOLL_CHURN_SEED"] ?? Date.now() % 1_000_000);

/** So many containers of each engine change at the same time. */
const HANDS = 2;

/** Between two changes by one hand, at most. */
const REST_MS = 800;

/** How often the agent is compared while it says what the engines do, and while it does not. */
const LOOK_MS = 1000;
const LOOK_AGAIN_MS = 200;

/** Changes one container after the other until it is told to stop; `done` counts what was done. */
async function keepChanging(
  berths: readonly Berth[],
  random: Random,
  done: Map<string, number>,
  stop: AbortSignal,
): Promise<void> {
  for (const berth of berths) await berth.change(random);
  while (!stop.aborted) {
    const what = await oneOf(berths, random).change(random);
    done.set(what, (done.get(what) ?? 0) + 1);
    await sleep(random() * REST_MS);
  }
}

async function keepLooking(observer: Observer, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) await sleep((await observer.look()) ? LOOK_MS : LOOK_AGAIN_MS);
}

describeWith(["docker", "podman", "containerd"], "Docker, Podman and containerd at once", () => {
  let docker: Engine;
  let podman: PodmanEngine;
  let containerd: Containerd;
  let agent: StartedAgent;
  let fleets: readonly Fleet[];

  beforeAll(async () => {
    [docker, podman, containerd] = await Promise.all([
      startDocker(),
      startPodman(),
      startContainerd(),
    ]);
    fleets = [
      dockerFleet("docker", docker, CONTAINERS),
      dockerFleet("podman", podman, CONTAINERS),
      await criFleet(containerd, CONTAINERS),
    ];
    agent = await startAgent(
      `--docker-host=${docker.host}`,
      `--podman-host=${podman.host}`,
      `--cri-endpoint=${containerd.socket}`,
    );
  });

  afterAll(async () => {
    await agent?.program.close();
    await Promise.all([docker?.close(), podman?.close(), containerd?.close()]);
  });

  const last = (SECONDS + 240) * 1000;
  test("are followed through whatever happens to their containers", { timeout: last }, async () => {
    console.log(`seed ${SEED}: ${CONTAINERS} containers of each engine, ${SECONDS} s`);
    const observer = new Observer(agent.url, fleets);
    const stop = new AbortController();
    const done = new Map<string, number>();
    const hands = fleets.flatMap(({ runtime, berths }, engine) =>
      Array.from({ length: HANDS }, (_, hand) => {
        const own = berths.filter((_berth, at) => at % HANDS === hand);
        const random = seeded(SEED + engine * HANDS + hand);
        return keepChanging(own, random, done, stop.signal).catch((cause: unknown) => {
          throw new Error(`cannot change a container of ${runtime}`, { cause });
        });
      }),
    );
    const looking = keepLooking(observer, stop.signal);
    const ended = Promise.all([looking, ...hands]);
    try {
      await Promise.race([ended, sleep(SECONDS * 1000)]);
    } finally {
      stop.abort();
      await Promise.allSettled([looking, ...hands]);
    }
    await ended;
    await until("the agent to say what the engines do", () => observer.look(), {
      timeoutMs: 50_000,
      log: () => [...observer.differences(), agent.program.stderr()].join("\n"),
    });
    console.log([...done].map(([what, times]) => `${what} ${times}`).join(", "));
    console.log(`${observer.looks} looks\n${observer.report()}`);
    expect(observer.faults).toEqual([]);
    expect(observer.looks).toBeGreaterThan(SECONDS / 10);
  });
});
