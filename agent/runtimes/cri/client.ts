import type { ChannelCredentials, Client, ServiceError } from "@grpc/grpc-js";
import type { MethodDefinition } from "@grpc/proto-loader";

import { bug } from "../../../lib/errors.ts";
import { isRecord } from "../../../lib/record.ts";
import { CRI_SERVICE, type CriMethod, criSchema } from "./schema.ts";

/** An answer that takes longer will not come. */
const CALL_TIMEOUT_MS = 10_000;

/** The same as the kubelet takes: some ten thousand containers. */
const MOST_BYTES = 16 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;
type Method = MethodDefinition<object, object>;
type Grpc = typeof import("@grpc/grpc-js");

/** A call that failed. */
export class CriError extends Error {
  /** In one word: `timeout`, `unavailable`, `econnrefused`, `malformed`, … */
  readonly reason: string;

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`cannot ${what}: ${reason}`, options);
    this.reason = reason;
  }

  /** The server has no such call, or no such service. */
  get isUnimplemented(): boolean {
    return this.reason === "unimplemented";
  }

  /** What was asked for has gone. */
  get isNotFound(): boolean {
    return this.reason === "not_found";
  }
}

/** A stream of messages that is open. */
export interface CriStream {
  /** Resolves when the server has ended it in order; rejects with a CriError otherwise. */
  readonly ended: Promise<void>;
}

/** A connection to a CRI server. */
export class CriClient {
  readonly #client: Client;
  readonly #grpc: Grpc;
  readonly #methods: Readonly<Record<string, Method>>;
  /** What is under way, to be cancelled at the end. */
  readonly #calls: Set<{ cancel(): void }> = new Set();

  private constructor(client: Client, grpc: Grpc, methods: Readonly<Record<string, Method>>) {
    this.#client = client;
    this.#grpc = grpc;
    this.#methods = methods;
  }

  /** Prepares to speak to a socket. Loads gRPC, which is large, only now: many hosts have no such socket. */
  static async open(socket: string): Promise<CriClient> {
    const grpc = await import("@grpc/grpc-js");
    const loader = await import("@grpc/proto-loader");
    const definitions = loader.fromJSON(criSchema(), {
      keepCase: true,
      longs: String,
      defaults: true,
    });
    const methods = definitions[CRI_SERVICE];
    if (methods === undefined) throw bug(`no ${CRI_SERVICE} in the schema`);
    const insecure: ChannelCredentials = grpc.credentials.createInsecure();
    const client = new grpc.Client(`unix:${socket}`, insecure, {
      "grpc.max_receive_message_length": MOST_BYTES,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
    });
    return new CriClient(
      client,
      grpc,
      Object.fromEntries(Object.entries(methods).filter(isMethod)),
    );
  }

  /** Asks once. Throws a CriError. */
  ask(name: Exclude<CriMethod, "GetContainerEvents">, request: Fields = {}): Promise<Fields> {
    const method = this.#method(name);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest<object, object>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        { deadline: Date.now() + CALL_TIMEOUT_MS },
        (error, answer) => {
          this.#calls.delete(call);
          if (error !== null) reject(this.#errorOf(name, error));
          else if (isRecord(answer)) resolve(answer);
          else reject(new CriError(`call ${name}`, "malformed"));
        },
      );
      this.#calls.add(call);
    });
  }

  /** Opens the stream of events. */
  follow(onMessage: (message: Fields) => void): CriStream {
    const name = "GetContainerEvents";
    const method = this.#method(name);
    const stream = this.#client.makeServerStreamRequest<object, object>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      {},
    );
    this.#calls.add(stream);
    const ended = new Promise<void>((resolve, reject) => {
      stream.on("data", (message: unknown) => {
        if (isRecord(message)) onMessage(message);
      });
      stream.on("error", (error: ServiceError) => reject(this.#errorOf(name, error)));
      stream.on("end", resolve);
    });
    // Who opens it may be busy with something else when it fails.
    ended.catch(() => undefined);
    return { ended };
  }

  /** Resolves when the connection, once there, is lost. */
  lost(): Promise<void> {
    const channel = this.#client.getChannel();
    const { READY, SHUTDOWN } = this.#grpc.connectivityState;
    return new Promise((resolve) => {
      const look = (): void => {
        const state = channel.getConnectivityState(false);
        if (state !== READY) return resolve();
        channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
          if (channel.getConnectivityState(false) === SHUTDOWN) resolve();
          else look();
        });
      };
      look();
    });
  }

  close(): void {
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
    this.#client.close();
  }

  #method(name: CriMethod): Method {
    return this.#methods[name] ?? bug(`no call ${name} in the schema`);
  }

  #errorOf(name: CriMethod, error: ServiceError): CriError {
    return new CriError(`call ${name}`, reasonOf(error, this.#grpc), { cause: error });
  }
}

function isMethod(entry: [string, unknown]): entry is [string, Method] {
  return isRecord(entry[1]) && "requestSerialize" in entry[1];
}

/** In one word why a call failed; the words of the Docker runtime where it is the same. https://grpc.io/docs/guides/status-codes/ */
function reasonOf({ code, details }: ServiceError, { status }: Grpc): string {
  if (code === status.DEADLINE_EXCEEDED) return "timeout";
  if (code === status.INTERNAL && /parsing|invalid wire type|index out of range/i.test(details)) {
    return "malformed";
  }
  // `connect ECONNREFUSED /run/…`
  const system = /\b(E[A-Z]{4,})\b/.exec(details)?.[1];
  return (system ?? status[code] ?? "other").toLowerCase();
}
