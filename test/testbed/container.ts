import type Docker from "dockerode";

import { busyboxImage } from "./busybox-image.ts";

/** A container to start; all but `cmd` may be left out. */
export interface ContainerOptions {
  name?: string;
  /** `busybox:1` if not told. */
  image?: string;
  cmd: readonly string[];
  /** Limit in cores, such as 0.5. */
  cpus?: number;
  memoryBytes?: number;
  pids?: number;
  labels?: Record<string, string>;
  env?: Record<string, string>;
  /** `none` if not told; `bridge` needs an engine with a bridge. */
  network?: string;
}

/** A started container. */
export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** Its first process, as the machine sees it. */
  readonly pid: number;
  readonly api: Docker.Container;
  /** Ends it by a signal (SIGKILL) and waits until it has; the container stays, stopped. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again; it has another process id then. */
  start(): Promise<void>;
  /** Ends it and removes it. */
  remove(): Promise<void>;
}

const MOST_PAUSES = 10;

/** A shell loop that uses as much of one core as it is given. */
export const burnCpu: readonly string[] = ["sh", "-c", "while :; do :; done"];

/**
 * Creates and starts a container; throws what the engine answers, such as a name in use.
 * @param engineNeeds what this engine wants to be told of every container
 */
export async function runContainer(
  api: Docker,
  options: ContainerOptions,
  engineNeeds: Docker.HostConfig = {},
): Promise<Container> {
  const { env = {}, labels = {}, name } = options;
  const container = await api.createContainer({
    ...(name === undefined ? {} : { name }),
    Image: options.image ?? busyboxImage,
    Cmd: [...options.cmd],
    Labels: labels,
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    HostConfig: { ...limits(options), ...engineNeeds },
  });
  await container.start();
  const { Name, State } = await container.inspect();
  return {
    id: container.id,
    name: Name.slice(1),
    pid: State.Pid,
    api: container,
    async kill(signal = "SIGKILL") {
      const ended = container.wait();
      await container.kill({ signal });
      await ended;
    },
    async start() {
      await container.start();
    },
    async remove() {
      await container.remove({ force: true, v: true });
    },
  };
}

/**
 * Pauses a container, as often as it takes: with cgroup v1 the freezer may not get hold of a process
 * that a busy machine does not let run, and the engine then gives up.
 */
export async function pause(container: Docker.Container): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await container.pause();
      return;
    } catch (error) {
      if (tries === MOST_PAUSES || !/unable to freeze/u.test(String(error))) throw error;
    }
  }
}

function limits(options: ContainerOptions): Docker.HostConfig {
  const { cpus, memoryBytes, pids, network = "none" } = options;
  return {
    NetworkMode: network,
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(memoryBytes === undefined ? {} : { Memory: memoryBytes }),
    ...(pids === undefined ? {} : { PidsLimit: pids }),
  };
}
