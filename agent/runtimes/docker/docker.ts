import type { Logger } from "../../../lib/log.ts";
import type { Endpoint } from "../docker-api/endpoint.ts";
import { EngineRuntime } from "../docker-api/engine-runtime.ts";
import type { Runtime } from "../runtime.ts";

/** How Docker is followed. */
export interface DockerOptions {
  readonly endpoint: Endpoint;
  /** Podman's sockets: what is Podman in Docker's place is left to Podman's runtime. */
  readonly podmanSockets?: readonly string[];
  /** How the names of the environment's variables begin that are kept. */
  readonly envPrefixes: readonly string[];
}

/** A Docker Engine, or what speaks its API. */
export function createDocker(options: DockerOptions, logger: Logger): Runtime {
  const { endpoint, podmanSockets = [], envPrefixes } = options;
  return new EngineRuntime(
    { name: "docker", endpoint, others: podmanSockets, envPrefixes },
    logger,
  );
}
