import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import Docker from "dockerode";

import { importBusybox } from "./busybox-image.ts";
import { runToEnd, startChild, type Child } from "./child.ts";
import { runContainer, type Container, type ContainerOptions } from "./container.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { sleep, until, within } from "./wait.ts";

/** How an engine of a test differs from the plain one. */
export interface EngineOptions {
  /** Network namespace to live in: `Host.netns` of network.ts. */
  netns?: string;
  /** Gives containers a network (`network: "bridge"`), in a namespace of its own if none is named. */
  bridge?: boolean;
  /** More arguments for dockerd. */
  args?: readonly string[];
}

/** A Docker Engine (dockerd and containerd) of a test's own, with the image `busybox:1` in it. */
export interface Engine {
  readonly socket: string;
  /** `unix://…`, as `--docker-host` takes it. */
  readonly host: string;
  readonly api: Docker;
  readonly folder: string;
  /** `/plimsoll-test-…`: the cgroup above its containers' ones. */
  readonly cgroupParent: string;
  /** Process id of dockerd. */
  pid(): number;
  log(): string;
  run(options: ContainerOptions): Promise<Container>;
  /** Stops dockerd without ending it: the socket takes requests and never answers. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Kills dockerd (SIGKILL); the containers run on, the socket refuses. */
  die(): Promise<void>;
  /** Starts dockerd again on the same folder and socket after `die`. It ends the containers that it finds. */
  revive(): Promise<void>;
  /** Ends everything and removes every trace; throws with a list if something stays. */
  close(): Promise<void>;
}

/** Starts an engine and waits until it answers; throws with the end of its log. Takes about 5 s. */
export async function startDocker(options: EngineOptions = {}): Promise<Engine> {
  const run = await openRunFolder();
  try {
    const netns = options.netns ?? (options.bridge === true ? await addNetns(run) : undefined);
    const daemons = await Daemons.start(run, {
      ...options,
      ...(netns === undefined ? {} : { netns }),
    });
    await importBusybox(daemons.api);
    return engineOf(run, daemons);
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

function engineOf(run: RunFolder, daemons: Daemons): Engine {
  const { api, socket } = daemons;
  return {
    socket,
    api,
    host: `unix://${socket}`,
    folder: run.path,
    cgroupParent: `/${run.name}`,
    pid: () => daemons.dockerd.pid,
    log: () => daemons.dockerd.tail(200),
    run: (container) => runContainer(api, container),
    freeze: () => freeze(daemons.dockerd),
    thaw: () => daemons.dockerd.signal("SIGCONT"),
    async die() {
      await daemons.dockerd.stop({ signal: "SIGKILL" });
    },
    revive: () => daemons.startDockerd(),
    async close() {
      try {
        await daemons.stop();
      } finally {
        await removeRun(run.name);
      }
    },
  };
}

// The signal reaches one thread after the other; the last ones could still answer a request.
async function freeze(dockerd: Child): Promise<void> {
  dockerd.signal("SIGSTOP");
  await until("dockerd to stand still", async () => {
    const threads = await readdir(`/proc/${dockerd.pid}/task`);
    const states = threads.map((thread) =>
      readFile(`/proc/${dockerd.pid}/task/${thread}/status`, "utf8"),
    );
    return (await Promise.all(states)).every((status) => /^State:\s+T/m.test(status));
  });
}

// A container's network needs rules of iptables: those of a namespace, never those of the machine.
async function addNetns(run: RunFolder): Promise<string> {
  await runToEnd("ip", ["netns", "add", run.name]);
  await runToEnd("ip", ["-n", run.name, "link", "set", "lo", "up"]);
  return run.name;
}

class Daemons {
  readonly api: Docker;
  readonly socket: string;
  readonly #run: RunFolder;
  readonly #options: EngineOptions;
  readonly #containerd: Child;
  #dockerd: Child | undefined;
  #storageDriver = "overlay2";

  private constructor(run: RunFolder, options: EngineOptions, containerd: Child) {
    this.#run = run;
    this.#options = options;
    this.#containerd = containerd;
    this.socket = path.join(run.path, "docker.sock");
    this.api = new Docker({ socketPath: this.socket });
  }

  static async start(run: RunFolder, options: EngineOptions): Promise<Daemons> {
    const daemons = new Daemons(run, options, await startContainerd(run, options));
    await writeFile(path.join(run.path, "daemon.json"), "{}");
    try {
      await daemons.startDockerd();
    } catch (error) {
      if (!/overlay/.test(daemons.dockerd.stderr())) throw error;
      // Overlay on overlay is refused, as inside a container; vfs works everywhere, slowly.
      daemons.#storageDriver = "vfs";
      await daemons.startDockerd();
    }
    return daemons;
  }

  get dockerd(): Child {
    if (this.#dockerd === undefined) throw new Error("dockerd was not started");
    return this.#dockerd;
  }

  async startDockerd(): Promise<void> {
    const child = await startChild({
      command: commandPath("dockerd"),
      args: this.#arguments(),
      env: this.#run.env,
      netns: this.#options.netns,
    });
    this.#dockerd = child;
    await until("the Docker engine to answer", async () => String(await this.api.ping()) === "OK", {
      timeoutMs: 60_000,
      log: () => child.tail(),
      ended: () => child.ended(),
    });
  }

  #arguments(): string[] {
    const { path: folder, name } = this.#run;
    const network = this.#options.bridge === true ? [] : ["--bridge=none", "--iptables=false"];
    return [
      `--config-file=${folder}/daemon.json`,
      `--data-root=${folder}/data`,
      `--exec-root=${folder}/exec`,
      `--pidfile=${folder}/docker.pid`,
      `--host=unix://${this.socket}`,
      `--containerd=${folder}/containerd.sock`,
      `--storage-driver=${this.#storageDriver}`,
      "--exec-opt=native.cgroupdriver=cgroupfs",
      `--cgroup-parent=/${name}`,
      ...network,
      ...(this.#options.args ?? []),
    ];
  }

  async stop(): Promise<void> {
    if (this.dockerd.ended() === undefined) {
      this.dockerd.signal("SIGCONT");
      // Otherwise dockerd gives each container ten seconds to end by itself.
      await within("removing the containers", 30_000, removeContainers(this.api));
      await this.dockerd.stop();
    }
    await this.#containerd.stop();
  }
}

// A containerd of its own, as on real hosts: dockerd would otherwise use the machine's if there is one.
async function startContainerd(run: RunFolder, options: EngineOptions): Promise<Child> {
  const folder = run.path;
  const config = path.join(folder, "containerd.toml");
  await mkdir(path.join(folder, "containerd"));
  await writeFile(
    config,
    `version = 2
root = "${folder}/containerd/root"
state = "${folder}/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "${folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder}/containerd/opt"
`,
  );
  const child = await startChild({
    command: commandPath("containerd"),
    args: ["--config", config],
    env: run.env,
    netns: options.netns,
  });
  await until("containerd to be ready", () => child.stderr().includes("successfully booted"), {
    log: () => child.tail(),
    ended: () => child.ended(),
  });
  return child;
}

async function removeContainers(api: Docker): Promise<void> {
  const containers = await api.listContainers({ all: true });
  await Promise.all(containers.map(({ Id: id }) => removeOne(api.getContainer(id))));
  // The last shims end a moment after their containers.
  if (containers.length > 0) await sleep(100);
}

async function removeOne(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    // One that removes itself at its end may be doing so at this moment.
    const status = (error as { statusCode?: number }).statusCode;
    if (status === 404) return;
    if (status !== 409) throw error;
    await until("a container to be gone", async () => {
      const found = await container.inspect().catch(() => undefined);
      return found === undefined;
    });
  }
}
