import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as grpc from "@grpc/grpc-js";

import { criService } from "../../../testbed/cri-schema.ts";

type Message = Record<string, unknown>;
type Stream = grpc.ServerWritableStream<object, object>;

/** An id of 64 digits that ends in these. */
export function idOf(digits: string): string {
  return digits.padStart(64, "0");
}

/** The nanoseconds of a time of 2026-11-21. */
const NOON = 1_795_262_400_000_000_000n;

export const SANDBOX: string = idOf("a1");
export const CONTAINER: string = idOf("c1");

/** Of the image, which has no digest of a registry. */
const IMAGE_ID = "0".repeat(64);

/** A pod's sandbox as `ListPodSandbox` of CRI-O tells it. */
export function sandboxMessage(id: string = SANDBOX, pod = "web-0"): Message {
  return {
    id,
    metadata: { name: pod, uid: "4f2b", namespace: "shop", attempt: 1 },
    state: 0,
    created_at: String(NOON),
    labels: {
      "io.kubernetes.pod.name": pod,
      "io.kubernetes.pod.namespace": "shop",
      "io.kubernetes.pod.uid": "4f2b",
      "io.kubernetes.container.name": "POD",
      app: "web",
    },
  };
}

/** The same as `PodSandboxStatus` tells it. */
export function sandboxStatus(id?: string, pod?: string): Message {
  return {
    ...sandboxMessage(id, pod),
    network: { ip: "10.85.0.7", additional_ips: [{ ip: "fd00::7" }] },
    linux: { namespaces: { options: { network: 0, pid: 1, ipc: 0 } } },
  };
}

/** A container as `ListContainers` of CRI-O tells it; the kubelet has asked for its image by its id. */
export function containerMessage(
  id: string = CONTAINER,
  state = 1,
  sandbox: string = SANDBOX,
): Message {
  return {
    id,
    pod_sandbox_id: sandbox,
    metadata: { name: "nginx", attempt: 2 },
    image: { image: IMAGE_ID },
    image_ref: IMAGE_ID,
    image_id: IMAGE_ID,
    state,
    created_at: String(NOON + 1_000_000_001n),
    labels: { "io.kubernetes.container.name": "nginx", app: "own" },
    annotations: { "io.kubernetes.container.restartCount": "2" },
  };
}

/** The same as `ContainerStatus` tells it: here the image has one of its names. */
export function containerStatus(id?: string, state = 1): Message {
  const ended = state === 2 ? { exit_code: 137, reason: "OOMKilled" } : {};
  const started = state === 0 ? "0" : String(NOON + 2_000_000_000n);
  const { pod_sandbox_id: _, ...told } = containerMessage(id, state);
  const image = { image: "docker.io/library/nginx:1.27" };
  return { ...told, image, started_at: started, ...ended };
}

/** An event of CRI-O: what it is about, and how all of the pod stands. */
export function eventMessage(id: string, type: number, containers: Message[] = []): Message {
  return {
    container_id: id,
    container_event_type: type,
    created_at: String(NOON),
    pod_sandbox_status: sandboxStatus(),
    containers_statuses: containers,
  };
}

/**
 * A stand-in for CRI-O, which has no Debian package; nothing of it is recorded. Its answers have those of
 * the fields that CRI-O 1.37 fills that are of interest here, by its sources: server/container_list.go with
 * internal/oci/container.go, server/container_status.go, sandbox_list.go, sandbox_status.go, version.go,
 * and container_events.go for how the stream begins and ends. What an event holds follows the
 * description in api.proto of CRI v1; labels and annotations are those that the kubelet documents.
 */
export class FakeCriServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "plimsoll-cri-"));
  readonly socket: string = join(this.folder, "crio.sock");
  version: Message = {
    runtime_name: "cri-o",
    runtime_version: "1.31.2",
    runtime_api_version: "v1",
  };
  sandboxes: Message[] = [sandboxMessage()];
  containers: Message[] = [containerMessage()];
  /** Whether `enable_pod_events` is on; otherwise CRI-O ends the stream at once. */
  hasEvents = true;
  /** What is wrong with a call: it never answers, answers no protobuf, or fails with a status. */
  readonly wrong: Map<string, "hangs" | "garbage" | grpc.status> = new Map();
  /** The calls so far. */
  readonly asked: string[] = [];
  #server: grpc.Server | undefined;
  #streams: Set<Stream> = new Set();

  async listen(): Promise<void> {
    const methods = Object.entries(criService()).map(([name, method]) => {
      const responseSerialize = (value: object): Buffer =>
        this.wrong.get(name) === "garbage"
          ? Buffer.from("<html>no protobuf</html>")
          : method.responseSerialize(value);
      return [name, { ...method, responseSerialize }] as const;
    });
    const server = new grpc.Server();
    server.addService(Object.fromEntries(methods), this.#handlers());
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      const insecure = grpc.ServerCredentials.createInsecure();
      server.bindAsync(`unix:${this.socket}`, insecure, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /** Tells an event to all that listen. */
  tell(event: Message): void {
    for (const stream of this.#streams) stream.write(event);
  }

  get listeners(): number {
    return this.#streams.size;
  }

  count(method: string): number {
    return this.asked.filter((name) => name === method).length;
  }

  /** As if it were killed: all connections break. The socket stays. */
  die(): void {
    this.#streams.clear();
    this.#server?.forceShutdown();
  }

  close(): void {
    this.die();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #handlers(): grpc.UntypedServiceImplementation {
    const statusOf = (all: Message[], id: unknown, status: (m: Message) => Message): Message => {
      const found = all.find((message) => message["id"] === id);
      if (found === undefined)
        throw Object.assign(new Error("none"), { code: grpc.status.NOT_FOUND });
      return status(found);
    };
    const answers: Record<string, (request: Message) => Message> = {
      Version: () => this.version,
      ListPodSandbox: () => ({ items: this.sandboxes }),
      ListContainers: () => ({ containers: this.containers }),
      PodSandboxStatus: ({ id }) =>
        statusOf(this.sandboxes, id, ({ metadata, state }) => ({
          status: { ...sandboxStatus(String(id)), metadata, state },
          info: { info: JSON.stringify({ image: "registry.k8s.io/pause:3.10", pid: 7 }) },
        })),
      ContainerStatus: ({ id }) =>
        statusOf(this.containers, id, ({ state }) => ({
          status: containerStatus(String(id), Number(state)),
        })),
    };
    const unary = Object.entries(answers).map(([name, answer]) => [
      name,
      this.#unary(name, answer),
    ]);
    return {
      ...Object.fromEntries(unary),
      GetContainerEvents: (stream: Stream) => {
        this.asked.push("GetContainerEvents");
        const wrong = this.wrong.get("GetContainerEvents");
        if (typeof wrong === "number") stream.destroy(Object.assign(new Error(), { code: wrong }));
        else if (this.hasEvents) this.#open(stream);
        else stream.end();
      },
    };
  }

  #open(stream: Stream): void {
    this.#streams.add(stream);
    stream.on("cancelled", () => this.#streams.delete(stream));
  }

  #unary(
    name: string,
    answer: (request: Message) => Message,
  ): grpc.handleUnaryCall<Message, Message> {
    return ({ request }, callback) => {
      this.asked.push(name);
      const wrong = this.wrong.get(name);
      if (wrong === "hangs") return;
      if (typeof wrong === "number") return callback({ code: wrong, details: "as the test wants" });
      try {
        callback(null, answer(request));
      } catch (error) {
        callback(error as grpc.ServiceError);
      }
    };
  }
}
