import { join } from "node:path";

import { type Endpoint, parseEndpoint } from "../docker-api/endpoint.ts";
import { type Environment, runtimeFolder, valueOf } from "../environment.ts";

/**
 * Where Podman listens: what was set, what `CONTAINER_HOST` says, or the first of its usual sockets,
 * root's and the user's own. https://docs.podman.io/en/latest/markdown/podman-system-service.1.html
 * @throws ConfigError
 */
export function podmanEndpoint(host: string | undefined, env: Environment): Endpoint {
  if (host !== undefined) return parseEndpoint("podman.host", host);
  const inherited = valueOf(env, "CONTAINER_HOST");
  if (inherited !== undefined) return parseEndpoint("CONTAINER_HOST", inherited);
  const own = runtimeFolder(env);
  return {
    sockets: [
      "/run/podman/podman.sock",
      ...(own === undefined ? [] : [join(own, "podman/podman.sock")]),
    ],
  };
}
