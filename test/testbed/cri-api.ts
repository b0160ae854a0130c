import * as grpc from "@grpc/grpc-js";

import { criService } from "./cri-schema.ts";
import { within } from "./wait.ts";

/** A call of CRI v1 with its answer, as plain objects; field names are those of the .proto file. */
export type CriAsk = (method: string, request?: object) => Promise<Record<string, unknown>>;

/** A connection for tests, with a description of the protocol that is not the agent's. */
export interface CriApi {
  readonly ask: CriAsk;
  close(): void;
}

/** Speaks CRI v1 to a socket; each call must be answered within 60 s. */
export function openCri(socket: string): CriApi {
  const methods = criService();
  const client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const ask: CriAsk = (name, request = {}) => {
    const method = methods[name]!;
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      client.makeUnaryRequest<object, object>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        (error, value) => (error ? reject(error) : resolve(value as Record<string, unknown>)),
      );
    });
    return within(name, 60_000, answer);
  };
  return { ask, close: () => client.close() };
}
