import { flag, list, text } from "../../lib/config/builders.ts";
import type { OptionsOf } from "../../lib/config/option.ts";
import { checkCriEndpoints, CRI_SOCKETS } from "./cri/endpoint.ts";

/** The settings that say where engines are. */
export interface EngineConfig {
  readonly "docker.host": string | undefined;
  readonly "docker.tls": boolean;
  readonly "docker.tls.ca": string | undefined;
  readonly "docker.tls.cert": string | undefined;
  readonly "docker.tls.key": string | undefined;
  readonly "podman.host": string | undefined;
  readonly "cri.endpoint": readonly string[];
  readonly "docker.root": string;
  readonly "podman.root": string;
}

function checkHost(host: string): string | undefined {
  if (host.startsWith("/") || host.startsWith("unix:///")) return undefined;
  if (/^(?:tcp|https?):\/\//.test(host) && URL.canParse(host)) return undefined;
  return "must be a socket or an address such as unix:///var/run/docker.sock";
}

function checkAbsolute(path: string): string | undefined {
  return path.startsWith("/") ? undefined : "must be an absolute path such as /var/lib/docker";
}

/** How each is read and what it is by default. */
export const engineOptions: OptionsOf<EngineConfig> = {
  "docker.host": text({
    placeholder: "URL",
    help: "Docker's socket or address; if not set DOCKER_HOST, then /var/run/docker.sock, then $XDG_RUNTIME_DIR/docker.sock.",
    check: checkHost,
  }),
  "docker.tls": flag({
    help: "Speaks TLS with Docker at tcp://HOST:PORT; so does DOCKER_TLS_VERIFY.",
  }),
  "docker.tls.ca": text({
    placeholder: "FILE",
    help: "The authority that has signed Docker's certificate, PEM; ca.pem in DOCKER_CERT_PATH if not set, then the system's authorities.",
  }),
  "docker.tls.cert": text({
    placeholder: "FILE",
    help: "The agent's own certificate for Docker, PEM; cert.pem in DOCKER_CERT_PATH if not set.",
  }),
  "docker.tls.key": text({
    placeholder: "FILE",
    help: "Its private key, PEM; key.pem in DOCKER_CERT_PATH if not set.",
  }),
  "podman.host": text({
    placeholder: "URL",
    help: "Podman's socket or address; if not set CONTAINER_HOST, then /run/podman/podman.sock, then $XDG_RUNTIME_DIR/podman/podman.sock.",
    check: checkHost,
  }),
  "cri.endpoint": list({
    default: [],
    placeholder: "SOCKET,…|none",
    help: `Sockets of containerd, CRI-O and others that speak CRI v1; ${CRI_SOCKETS.join(" and ")} if not set.`,
    check: checkCriEndpoints,
  }),
  "docker.root": text({
    default: "/var/lib/docker",
    placeholder: "DIRECTORY",
    help: "Docker's folder on the host, from which the names of containers are read where no engine tells them; users' own engines are found by themselves.",
    check: checkAbsolute,
  }),
  "podman.root": text({
    default: "/var/lib/containers/storage",
    placeholder: "DIRECTORY",
    help: "Podman's or CRI-O's storage on the host, likewise.",
    check: checkAbsolute,
  }),
};
