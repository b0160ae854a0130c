import type { Logger } from "../../lib/log.ts";
import { DockerRuntime } from "./docker/docker.ts";
import { parseEndpoint } from "./docker/endpoint.ts";
import type { Runtime } from "./runtime.ts";

/** Where the engines are. */
export interface RuntimeSettings {
  readonly dockerHost: string;
}

/** Every runtime that the agent follows. A new one is a new line here. */
export function createRuntimes(settings: RuntimeSettings, logger: Logger): readonly Runtime[] {
  return [new DockerRuntime(parseEndpoint("docker.host", settings.dockerHost), logger)];
}
