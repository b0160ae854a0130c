import type { Logger } from "../../lib/log.ts";
import { DockerRuntime } from "./docker/docker.ts";
import { parseEndpoint } from "./docker/endpoint.ts";
import type { Runtime } from "./runtime.ts";

/** Where the engines are. */
export interface RuntimeSettings {
  readonly dockerHost: string;
  /** How the names of the environment's variables begin that are to be known. */
  readonly envPrefixes: readonly string[];
}

/** Every runtime that the agent follows. A new one is a new line here. */
export function createRuntimes(
  { dockerHost, envPrefixes }: RuntimeSettings,
  logger: Logger,
): readonly Runtime[] {
  return [new DockerRuntime(parseEndpoint("docker.host", dockerHost), logger, envPrefixes)];
}
