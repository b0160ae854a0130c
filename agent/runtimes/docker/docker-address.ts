import { join } from "node:path";

import { type Endpoint, parseEndpoint } from "../docker-api/endpoint.ts";
import type { NamedFile, TlsFiles } from "../docker-api/tls.ts";
import type { Environment } from "../environment.ts";
import { runtimeFolder, valueOf } from "../environment.ts";

/** What the operator has set of Docker; the files are paths of PEM files. */
export interface DockerSettings {
  readonly host: string | undefined;
  readonly tls: boolean;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * Where Docker listens: what was set, what `DOCKER_HOST` says, or the first of its usual sockets,
 * root's and the user's own. TLS as Docker's own client has it: `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`.
 * https://docs.docker.com/engine/security/protect-access/
 * @throws ConfigError
 */
export function dockerEndpoint(settings: DockerSettings, env: Environment): Endpoint {
  const tls = tlsOf(settings, env);
  if (settings.host !== undefined) return parseEndpoint("docker.host", settings.host, tls);
  const inherited = valueOf(env, "DOCKER_HOST");
  if (inherited !== undefined) return parseEndpoint("DOCKER_HOST", inherited, tls);
  const own = runtimeFolder(env);
  return {
    sockets: ["/var/run/docker.sock", ...(own === undefined ? [] : [join(own, "docker.sock")])],
  };
}

/** Undefined if TLS is not to be spoken, but for what the address itself says. */
function tlsOf(settings: DockerSettings, env: Environment): TlsFiles | undefined {
  const isWanted = settings.tls || valueOf(env, "DOCKER_TLS_VERIFY") !== undefined;
  const isSecure = settings.host?.startsWith("https:") === true;
  if (!isWanted && !isSecure) return undefined;
  const folder = valueOf(env, "DOCKER_CERT_PATH");
  const file = (name: "ca" | "cert" | "key"): NamedFile | undefined => {
    const path = settings[name];
    if (path !== undefined) return { setting: `docker.tls.${name}`, path };
    return folder === undefined
      ? undefined
      : { setting: "DOCKER_CERT_PATH", path: join(folder, `${name}.pem`) };
  };
  const [ca, cert, key] = [file("ca"), file("cert"), file("key")];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
