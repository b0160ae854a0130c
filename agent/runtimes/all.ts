import type { Logger } from "../../lib/log.ts";
import { CriRuntime } from "./cri/cri-runtime.ts";
import { parseCriEndpoints } from "./cri/endpoint.ts";
import { dockerEndpoint, type DockerSettings } from "./docker/docker-address.ts";
import { createDocker } from "./docker/docker.ts";
import type { Environment } from "./environment.ts";
import { podmanEndpoint } from "./podman/podman-address.ts";
import { createPodman } from "./podman/podman.ts";
import type { Runtime } from "./runtime.ts";

/** Where the engines are. */
export interface RuntimeSettings {
  readonly docker: DockerSettings;
  readonly podmanHost: string | undefined;
  /** Sockets that speak CRI; where they usually are if there are none. */
  readonly criEndpoints: readonly string[];
  /** How the names of the environment's variables begin that are to be known. */
  readonly envPrefixes: readonly string[];
  /** The variables that the agent was started with. */
  readonly environment: Environment;
}

/** Every runtime that the agent follows. A new one is a new line here. */
export function createRuntimes(
  { docker, podmanHost, criEndpoints, envPrefixes, environment }: RuntimeSettings,
  logger: Logger,
): readonly Runtime[] {
  const podman = podmanEndpoint(podmanHost, environment);
  const podmanSockets = "sockets" in podman ? podman.sockets : [];
  const endpoint = dockerEndpoint(docker, environment);
  return [
    createDocker({ endpoint, podmanSockets, envPrefixes }, logger),
    createPodman({ endpoint: podman, envPrefixes }, logger),
    ...parseCriEndpoints("cri.endpoint", criEndpoints).map(
      (socket) => new CriRuntime(socket, logger),
    ),
  ];
}
