import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import Docker from "dockerode";

import { fillRoot } from "./busybox-image.ts";
import { runToEnd, startChild, type Child } from "./child.ts";
import { runContainer, type Container, type ContainerOptions } from "./container.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** The busybox image's name in Podman. */
export const podmanBusybox = "localhost/busybox:1";

/** For containers that Podman starts by itself; containers.conf(5). */
const CONFIG = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
`;

/** A Podman of a test's own with its service, and the image `localhost/busybox:1` in it. */
export interface PodmanEngine {
  readonly socket: string;
  /** `unix://…`, as `--podman-host` takes it. */
  readonly host: string;
  /** Podman speaks Docker's API. */
  readonly api: Docker;
  /** `/plimsoll-test-…`: the cgroup above its containers' ones. */
  readonly cgroupParent: string;
  /** What a container needs here: not more of anything than this machine's root may have. */
  readonly hostConfig: Docker.HostConfig;
  log(): string;
  run(options: ContainerOptions): Promise<Container>;
  /** Runs `podman …` on the same storage, and returns its output. */
  command(...args: readonly string[]): Promise<string>;
  /** Kills the service (SIGKILL); the containers run on, the socket refuses. */
  die(): Promise<void>;
  /** Starts the service again on the same socket. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

/** Starts Podman's service and waits until it answers; throws with the end of its log. */
export async function startPodman(): Promise<PodmanEngine> {
  const run = await openRunFolder();
  // Podman takes no longer path than 50 characters for it.
  const runroot = await mkdtemp(path.join(os.tmpdir(), "plimsoll-podman-"));
  try {
    const service = new Service(run, runroot);
    await writeFile(service.config, CONFIG);
    await service.start();
    await importBusybox(run, service);
    return engineOf(run, service);
  } catch (error) {
    await removeRun(run.name);
    await rm(runroot, { recursive: true, force: true });
    throw error;
  }
}

// Its service of Docker's API takes an image, but no name for it.
async function importBusybox(run: RunFolder, service: Service): Promise<void> {
  const root = path.join(run.path, "busybox");
  await mkdir(root);
  await fillRoot(root);
  await runToEnd("tar", ["-C", root, "-cf", `${root}.tar`, "."]);
  await service.command(["import", `${root}.tar`, podmanBusybox]);
}

function engineOf(run: RunFolder, service: Service): PodmanEngine {
  const { api, socket } = service;
  const limit = (name: string, most: number): { Name: string; Soft: number; Hard: number } => ({
    Name: name,
    Soft: most,
    Hard: most,
  });
  const hostConfig = {
    CgroupParent: `/${run.name}`,
    Ulimits: [limit("nofile", 1024), limit("nproc", 4096)],
  };
  return {
    socket,
    api,
    host: `unix://${socket}`,
    cgroupParent: `/${run.name}`,
    hostConfig,
    log: () => service.log(),
    run: (options) => runContainer(api, { image: podmanBusybox, ...options }, hostConfig),
    command: (...args) => service.command(args),
    die: () => service.stop("SIGKILL"),
    revive: () => service.start(),
    async close() {
      try {
        await service.command(["rm", "--all", "--force", "--time=0"]);
        await service.command(["pod", "rm", "--all", "--force", "--time=0"]);
        await service.stop("SIGTERM");
      } finally {
        await removeRun(run.name);
        await rm(service.runroot, { recursive: true, force: true });
      }
    },
  };
}

class Service {
  readonly api: Docker;
  readonly socket: string;
  readonly runroot: string;
  readonly config: string;
  readonly #run: RunFolder;
  #child: Child | undefined;

  constructor(run: RunFolder, runroot: string) {
    this.#run = run;
    this.runroot = runroot;
    this.config = path.join(run.path, "containers.conf");
    this.socket = path.join(run.path, "podman.sock");
    this.api = new Docker({ socketPath: this.socket });
  }

  // All that Podman writes is in the folder of the run; crun refuses a machine with both cgroup versions.
  #arguments(): string[] {
    const folder = this.#run.path;
    return [
      `--root=${folder}/storage`,
      `--runroot=${this.runroot}`,
      `--tmpdir=${folder}/tmp`,
      `--network-config-dir=${folder}/networks`,
      "--storage-driver=vfs",
      "--cgroup-manager=cgroupfs",
      "--events-backend=file",
      `--runtime=${commandPath("runc")}`,
    ];
  }

  #env(): NodeJS.ProcessEnv {
    return { ...this.#run.env, CONTAINERS_CONF: this.config };
  }

  async start(): Promise<void> {
    // One that was killed leaves its socket behind.
    await rm(this.socket, { force: true });
    const child = await startChild({
      command: commandPath("podman"),
      args: [...this.#arguments(), "system", "service", "--time=0", `unix://${this.socket}`],
      env: this.#env(),
    });
    this.#child = child;
    await until("Podman to answer", async () => String(await this.api.ping()) === "OK", {
      timeoutMs: 60_000,
      log: () => child.tail(),
      ended: () => child.ended(),
    });
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#child?.ended() === undefined) await this.#child?.stop({ signal });
  }

  command(args: readonly string[]): Promise<string> {
    return runToEnd(commandPath("podman"), [...this.#arguments(), ...args], {
      env: this.#env(),
      timeoutMs: 60_000,
    });
  }

  log(): string {
    return this.#child?.tail(100) ?? "";
  }
}
