import type { RuntimeSettings } from "../runtimes/all.ts";
import { parseCriEndpoints } from "../runtimes/cri/endpoint.ts";
import { dockerEndpoint } from "../runtimes/docker/docker-address.ts";
import { valueOf } from "../runtimes/environment.ts";
import { podmanEndpoint } from "../runtimes/podman/podman-address.ts";
import type { EnginePlace } from "./scene.ts";

/** Where each engine is looked for: the same places that the agent looks at. */
export function enginePlaces(settings: RuntimeSettings): EnginePlace[] {
  const { docker, podmanHost, criEndpoints, environment } = settings;
  const isTold = (set: string | undefined, variable: string): boolean =>
    set !== undefined || valueOf(environment, variable) !== undefined;
  const podman = podmanEndpoint(podmanHost, environment);
  return [
    {
      name: "docker",
      setting: "docker.host",
      endpoint: dockerEndpoint(docker, environment),
      others: "sockets" in podman ? podman.sockets : [],
      speaks: "http",
      isDefault: !isTold(docker.host, "DOCKER_HOST"),
    },
    {
      name: "podman",
      setting: "podman.host",
      endpoint: podman,
      speaks: "http",
      isDefault: !isTold(podmanHost, "CONTAINER_HOST"),
    },
    ...parseCriEndpoints("cri.endpoint", criEndpoints).map((socket): EnginePlace => ({
      name: socket.includes("crio") ? "cri-o" : "containerd",
      setting: "cri.endpoint",
      endpoint: { sockets: [socket] },
      speaks: "grpc",
      isDefault: criEndpoints.length === 0,
    })),
  ];
}
