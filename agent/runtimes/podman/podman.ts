import type { Logger } from "../../../lib/log.ts";
import type { Endpoint } from "../docker-api/endpoint.ts";
import { EngineRuntime } from "../docker-api/engine-runtime.ts";
import type { Runtime } from "../runtime.ts";
import { PodmanPods } from "./podman-pods.ts";

/** How Podman is followed. */
export interface PodmanOptions {
  readonly endpoint: Endpoint;
  /** How the names of the environment's variables begin that are kept. */
  readonly envPrefixes: readonly string[];
}

/** Podman's service, which speaks Docker's API; pods are in its own on the same socket. */
export function createPodman({ endpoint, envPrefixes }: PodmanOptions, logger: Logger): Runtime {
  return new EngineRuntime(
    {
      name: "podman",
      endpoint,
      envPrefixes,
      isSilentAtFirst: true,
      openBeyond: (client, version, failed) => new PodmanPods(client, version?.engine, failed),
    },
    logger,
  );
}
