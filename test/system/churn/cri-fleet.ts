import type { Containerd, Pod } from "../../testbed/containerd.ts";
import { type Berth, type Fleet, oneOf, type Random, type Running } from "./fleet.ts";

/** CONTAINER_RUNNING and SANDBOX_READY. https://github.com/kubernetes/cri-api */
const CONTAINER_RUNNING = 1;
const SANDBOX_READY = 0;

/** A container or a sandbox in a list. */
interface Listed {
  readonly id: string;
  readonly state: number;
  readonly pod_sandbox_id?: string;
  readonly metadata: {
    readonly name: string;
    readonly attempt?: number;
    readonly uid?: string;
    readonly namespace?: string;
  };
}

/** One pod with one container, as the kubelet treats them: CRI knows neither names to change nor pauses. */
class CriBerth implements Berth {
  readonly #engine: Containerd;
  readonly #name: string;
  #pod: Pod | undefined;
  #container: string | undefined;
  #attempt = 0;

  constructor(engine: Containerd, name: string) {
    this.#engine = engine;
    this.#name = name;
  }

  async change(random: Random): Promise<string> {
    const [pod, container] = [this.#pod, this.#container];
    if (pod === undefined) return this.#create();
    const possible = container === undefined ? ["start", "remove"] : ["restart", "kill", "remove"];
    const what = oneOf(possible, random);
    if (what === "remove") {
      await pod.remove();
      this.#pod = undefined;
      return what;
    }
    if (container !== undefined) await this.#end(container);
    if (what !== "kill") await this.#start(pod);
    return what;
  }

  async #create(): Promise<string> {
    this.#pod = await this.#engine.runPod({ name: this.#name, namespace: "churn" });
    this.#attempt = 0;
    await this.#start(this.#pod);
    return "create";
  }

  async #start(pod: Pod): Promise<void> {
    this.#container = await pod.run("web", { attempt: this.#attempt++ });
  }

  async #end(container: string): Promise<void> {
    await this.#engine.stopContainer(container);
    await this.#engine.removeContainer(container);
    this.#container = undefined;
  }
}

/** `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`, as the kubelet called containers in Docker. */
function nameOf(container: string, sandbox: Listed | undefined, attempt = 0): string {
  const { name = "", namespace = "", uid = "" } = sandbox?.metadata ?? {};
  return ["k8s", container, name, namespace, uid, attempt].join("_");
}

/** Starts a pod that stays, and gives so many places for others. */
export async function criFleet(engine: Containerd, size: number): Promise<Fleet> {
  const { cgroup } = await engine.runPod({ name: "steady", namespace: "churn" });
  return {
    runtime: "containerd",
    parent: cgroup.replace(/\/kubepods\/.*/, ""),
    berths: Array.from({ length: size }, (_, at) => new CriBerth(engine, `pod-${at}`)),
    log: () => engine.log(),
    list: () => list(engine),
  };
}

async function list({ ask }: Containerd): Promise<Running> {
  const { containers } = await ask("ListContainers");
  const { items } = await ask("ListPodSandbox");
  const sandboxes = items as Listed[];
  const running = (containers as Listed[])
    .filter(({ state }) => state === CONTAINER_RUNNING)
    .map(({ id, metadata, pod_sandbox_id: pod }): [string, string] => {
      const sandbox = sandboxes.find((one) => one.id === pod);
      return [id, `${nameOf(metadata.name, sandbox, metadata.attempt)} running`];
    });
  const ready = sandboxes
    .filter(({ state }) => state === SANDBOX_READY)
    .map((one): [string, string] => [one.id, `${nameOf("POD", one)} running`]);
  return new Map([...running, ...ready]);
}
