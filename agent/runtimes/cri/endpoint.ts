import { ConfigError } from "../../../lib/errors.ts";

/**
 * Where containerd and CRI-O listen as they are installed. cri-dockerd is left out: its containers
 * are Docker's, and Docker is followed.
 */
export const CRI_SOCKETS: readonly string[] = [
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
];

/** What is wrong with such an address, if anything. */
export function checkCriEndpoints(endpoints: readonly string[]): string | undefined {
  return endpoints.every((endpoint) => endpoint === "none" || socketOf(endpoint) !== undefined)
    ? undefined
    : "must be sockets such as unix:///run/containerd/containerd.sock, or none";
}

/**
 * The sockets of a setting: `unix:///path`, a plain path, or `none`; those of CRI_SOCKETS if it is empty.
 * @throws ConfigError naming the setting
 */
export function parseCriEndpoints(setting: string, endpoints: readonly string[]): string[] {
  if (endpoints.length === 0) return [...CRI_SOCKETS];
  const remedy = checkCriEndpoints(endpoints);
  if (remedy !== undefined) throw new ConfigError(setting, endpoints, remedy);
  return [...new Set(endpoints.flatMap((endpoint) => socketOf(endpoint) ?? []))];
}

function socketOf(endpoint: string): string | undefined {
  return /^(?:unix:\/\/)?(\/[^\0]+)$/.exec(endpoint)?.[1];
}
