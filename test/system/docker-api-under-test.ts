import type Docker from "dockerode";

import type { Runtime } from "../../agent/runtimes/runtime.ts";
import { pause } from "../testbed/container.ts";
import { startDocker } from "../testbed/docker.ts";
import { podmanBusybox, startPodman } from "../testbed/podman.ts";
import { sleep } from "../testbed/wait.ts";
import type { EngineUnderTest, Truth, Wanted } from "./runtime-suite.ts";

/** What two engines of the same API differ in. */
interface Driven {
  readonly socket: string;
  readonly api: Docker;
  readonly image: string;
  readonly hostConfig?: Docker.HostConfig;
  log(): string;
  die(): Promise<void>;
  revive(): Promise<void>;
  close(): Promise<void>;
  /** Has a health check run that does not run by itself. */
  check?(id: string): Promise<void>;
}

/** An engine for the suite of runtimes, with its socket. */
export interface DockerApiUnderTest extends EngineUnderTest {
  readonly socket: string;
}

const SECOND = 1e9;

/** A Docker Engine for the suite of runtimes. */
export async function dockerUnderTest(
  createRuntime: (socket: string) => Runtime,
): Promise<DockerApiUnderTest> {
  const engine = await startDocker();
  return underTest({ ...engine, image: "busybox:1" }, createRuntime);
}

/** A Podman for the suite of runtimes. */
export async function podmanUnderTest(
  createRuntime: (socket: string) => Runtime,
): Promise<DockerApiUnderTest> {
  const engine = await startPodman();
  // Podman leaves it to systemd to run checks.
  const check = async (id: string): Promise<void> => {
    await engine.command("healthcheck", "run", id).catch(() => undefined);
  };
  const driven = { ...engine, image: podmanBusybox, check };
  return underTest(driven, createRuntime);
}

function underTest(engine: Driven, createRuntime: (socket: string) => Runtime): DockerApiUnderTest {
  const { api, socket } = engine;
  const of = (id: string): Docker.Container => api.getContainer(id);
  return {
    socket,
    createRuntime: () => createRuntime(socket),
    list: async () => (await api.listContainers({ all: true })).map(truthOf),
    run: (wanted) => run(engine, wanted),
    kill: async (id) => {
      const ended = of(id).wait();
      await of(id).kill({ signal: "SIGKILL" });
      await ended;
    },
    remove: async (id) => void (await of(id).remove({ force: true, v: true })),
    rename: async (id, name) => void (await of(id).rename({ name })),
    pause: async (id) => pause(of(id)),
    unpause: async (id) => void (await of(id).unpause()),
    restart: async (id) => void (await of(id).restart({ t: 0 })),
    async sicken(id) {
      const exec = await of(id).exec({ Cmd: ["touch", "/tmp/sick"], AttachStdout: true });
      (await exec.start({})).resume();
      while ((await exec.inspect()).Running) await sleep(50);
      // The first ones may be counted as those of a container that is just starting.
      for (let count = 0; count < 3; count++) await engine.check?.(id);
    },
    die: () => engine.die(),
    revive: () => engine.revive(),
    log: () => engine.log(),
    close: () => engine.close(),
  };
}

async function run({ api, image, hostConfig }: Driven, wanted: Wanted): Promise<string> {
  const Healthcheck = {
    Test: ["CMD-SHELL", "test ! -f /tmp/sick"],
    Interval: SECOND,
    Timeout: 5 * SECOND,
    Retries: 1,
  };
  const container = await api.createContainer({
    name: wanted.name,
    Image: image,
    Cmd: ["sleep", "1000"],
    Labels: { ...wanted.labels },
    ...(wanted.isChecked === true ? { Healthcheck } : {}),
    HostConfig: { NetworkMode: "none", ...hostConfig },
  });
  await container.start();
  return container.id;
}

function truthOf(listed: Docker.ContainerInfo): Truth {
  return {
    id: listed.Id,
    name: listed.Names[0]?.slice(1) ?? "",
    image: listed.Image,
    state: listed.State,
    labels: listed.Labels,
  };
}
