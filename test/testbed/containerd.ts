import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { busyboxImage, fillRoot } from "./busybox-image.ts";
import { type Child, runToEnd, startChild } from "./child.ts";
import { type CriApi, type CriAsk, openCri } from "./cri-api.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** NamespaceMode NODE: without CNI a pod can only have the machine's own network. */
const NODE = 2;

/** The image of a pod's sandbox. */
export const pauseImage = "pause.local/pause:1";

/** A pod to start. */
export interface PodOptions {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A pod that has been started; its cgroups are in `cgroup`. */
export interface Pod {
  /** The sandbox's id. */
  readonly id: string;
  readonly uid: string;
  readonly cgroup: string;
  /** Starts a container in it that sleeps, or runs a command; gives its id. */
  run(name: string, options?: PodContainerOptions): Promise<string>;
  /** Ends all that runs in it. */
  stop(): Promise<void>;
  /** Removes it, and its containers. */
  remove(): Promise<void>;
}

/** A container of a pod. */
export interface PodContainerOptions {
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly attempt?: number;
  readonly image?: string;
}

/** A containerd of a test's own that serves CRI, with the images `busybox:1` and `pauseImage` in it. */
export interface Containerd {
  readonly socket: string;
  readonly ask: CriAsk;
  pid(): number;
  log(): string;
  runPod(options: PodOptions): Promise<Pod>;
  /** Ends a container by SIGKILL; it stays, stopped. */
  stopContainer(id: string): Promise<void>;
  removeContainer(id: string): Promise<void>;
  /** Stops containerd without ending it: the socket takes requests and never answers. */
  freeze(): void;
  thaw(): void;
  /** Kills containerd (SIGKILL); the containers run on. */
  die(): Promise<void>;
  /** Starts it again on the same folder and socket after `die`. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a containerd with CRI and waits until it answers; throws with the end of its log. */
export async function startContainerd(): Promise<Containerd> {
  const run = await openRunFolder();
  try {
    const server = await Server.start(run);
    await importImages(run, server.socket);
    return containerdOf(run, server);
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

function containerdOf(run: RunFolder, server: Server): Containerd {
  const ask: CriAsk = (method, request) => server.cri.ask(method, request);
  let pods = 0;
  return {
    socket: server.socket,
    ask,
    pid: () => server.child.pid,
    log: () => server.child.tail(100),
    runPod: (options) => runPod(ask, `/${run.name}`, `uid-${++pods}`, options),
    async stopContainer(id) {
      await ask("StopContainer", { id, timeout: 0 });
    },
    async removeContainer(id) {
      await ask("RemoveContainer", { id });
    },
    freeze: () => server.child.signal("SIGSTOP"),
    thaw: () => server.child.signal("SIGCONT"),
    async die() {
      await server.child.stop({ signal: "SIGKILL" });
    },
    revive: () => server.listen(),
    async close() {
      try {
        await server.stop();
      } finally {
        await removeRun(run.name);
      }
    },
  };
}

async function runPod(ask: CriAsk, parent: string, uid: string, options: PodOptions): Promise<Pod> {
  const { name, namespace = "default", labels = {} } = options;
  const cgroup = `${parent}/kubepods/burstable/pod${uid}`;
  const namespaces = { namespace_options: { network: NODE, pid: 1 } };
  const own = {
    "io.kubernetes.pod.name": name,
    "io.kubernetes.pod.namespace": namespace,
    "io.kubernetes.pod.uid": uid,
  };
  const config = {
    metadata: { name, uid, namespace, attempt: 0 },
    labels: { ...own, ...labels },
    linux: { cgroup_parent: cgroup, security_context: namespaces },
  };
  const { pod_sandbox_id: id } = await ask("RunPodSandbox", { config });
  return {
    id: String(id),
    uid,
    cgroup,
    async run(container, more = {}) {
      const { command = ["sleep", "1000"], attempt = 0, image = busyboxImage } = more;
      const created = await ask("CreateContainer", {
        pod_sandbox_id: id,
        sandbox_config: config,
        config: {
          metadata: { name: container, attempt },
          image: { image },
          command,
          labels: { ...own, "io.kubernetes.container.name": container, ...more.labels },
          annotations: more.annotations ?? {},
          linux: { security_context: namespaces },
        },
      });
      await ask("StartContainer", { id: created["container_id"] });
      return String(created["container_id"]);
    },
    async stop() {
      await ask("StopPodSandbox", { id });
    },
    async remove() {
      await ask("StopPodSandbox", { id });
      await ask("RemovePodSandbox", { id });
    },
  };
}

class Server {
  readonly socket: string;
  readonly #run: RunFolder;
  #child: Child | undefined;
  #cri: CriApi | undefined;

  private constructor(run: RunFolder) {
    this.#run = run;
    this.socket = path.join(run.path, "containerd.sock");
  }

  static async start(run: RunFolder): Promise<Server> {
    const server = new Server(run);
    await writeFile(path.join(run.path, "config.toml"), configOf(run.path));
    await server.listen();
    return server;
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error("containerd was not started");
    return this.#child;
  }

  get cri(): CriApi {
    if (this.#cri === undefined) throw new Error("containerd was not started");
    return this.#cri;
  }

  async listen(): Promise<void> {
    this.#cri?.close();
    const child = await startChild({
      command: commandPath("containerd"),
      args: ["--config", path.join(this.#run.path, "config.toml")],
      env: this.#run.env,
    });
    this.#child = child;
    const waiting = { log: () => child.tail(), ended: () => child.ended(), timeoutMs: 60_000 };
    await until(
      "containerd to boot",
      () => child.stderr().includes("successfully booted"),
      waiting,
    );
    this.#cri = openCri(this.socket);
    await until("CRI to answer", () => this.cri.ask("Version"), waiting);
  }

  async stop(): Promise<void> {
    if (this.child.ended() === undefined) {
      this.child.signal("SIGCONT");
      await removePods(this.cri.ask);
      await this.child.stop();
    }
    this.cri.close();
  }
}

async function removePods(ask: CriAsk): Promise<void> {
  const { items } = await ask("ListPodSandbox");
  for (const { id } of items as { id: string }[]) {
    await ask("StopPodSandbox", { id });
    await ask("RemovePodSandbox", { id });
  }
}

function configOf(folder: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "${folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
restrict_oom_score_adj = true
disable_apparmor = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${folder}/cni"
conf_dir = "${folder}/cni"
`;
}

/** Makes both images from this machine's busybox, in the format of `docker save`. */
async function importImages(run: RunFolder, socket: string): Promise<void> {
  const root = path.join(run.path, "rootfs");
  const image = path.join(run.path, "image");
  await mkdir(root);
  await mkdir(image);
  await fillRoot(root);
  await runToEnd("tar", ["-C", root, "-cf", path.join(image, "layer.tar"), "."]);
  const layer = createHash("sha256").update(await readFile(path.join(image, "layer.tar")));
  const rootfs = { type: "layers", diff_ids: [`sha256:${layer.digest("hex")}`] };
  const commands = { pause: ["/bin/sleep", "100000"], busybox: ["/bin/sh"] };
  for (const [name, Entrypoint] of Object.entries(commands)) {
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const config = { architecture, os: "linux", config: { Entrypoint }, rootfs };
    await writeFile(path.join(image, `${name}.json`), JSON.stringify(config));
  }
  const manifest = [
    { Config: "pause.json", RepoTags: [pauseImage], Layers: ["layer.tar"] },
    { Config: "busybox.json", RepoTags: [busyboxImage], Layers: ["layer.tar"] },
  ];
  await writeFile(path.join(image, "manifest.json"), JSON.stringify(manifest));
  const archive = path.join(run.path, "images.tar");
  await runToEnd("tar", ["-C", image, "-cf", archive, "."]);
  const ctr = ["-a", socket, "-n", "k8s.io", "images", "import"];
  await runToEnd(commandPath("ctr"), [...ctr, "--snapshotter", "native", archive]);
}
