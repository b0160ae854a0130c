import type Docker from "dockerode";

import { ConfigError } from "../../../lib/errors.ts";

const EXAMPLE = "write for example unix:///var/run/docker.sock or tcp://127.0.0.1:2375";

/** Where an engine listens. */
export interface Endpoint {
  readonly options: Docker.DockerOptions;
  /** The socket's path, if it is one. */
  readonly socket?: string;
}

/**
 * Understands `DOCKER_HOST`: `unix:///path`, a plain path, `tcp://host:port`, `http://host:port`.
 * @throws ConfigError naming the setting
 */
export function parseEndpoint(setting: string, value: string): Endpoint {
  const path = value.startsWith("unix://") ? value.slice("unix://".length) : value;
  if (path.startsWith("/")) return { options: { socketPath: path }, socket: path };
  const url = URL.parse(value.replace(/^tcp:/, "http:"));
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ConfigError(setting, value, EXAMPLE);
  return {
    options: {
      host: url.hostname,
      port: url.port === "" ? 2375 : Number(url.port),
      protocol: url.protocol === "https:" ? "https" : "http",
    },
  };
}
