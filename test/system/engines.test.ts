import { createDocker } from "../../agent/runtimes/docker/docker.ts";
import { createPodman } from "../../agent/runtimes/podman/podman.ts";
import { logLines } from "../lib/http/log-lines.ts";
import { dockerUnderTest, podmanUnderTest } from "./docker-api-under-test.ts";
import { describeRuntime } from "./runtime-suite.ts";

describeRuntime("Docker's runtime", ["docker"], () =>
  dockerUnderTest((socket) =>
    createDocker({ endpoint: { sockets: [socket] }, envPrefixes: [] }, logLines().logger),
  ),
);

describeRuntime("Podman's runtime", ["podman"], () =>
  podmanUnderTest((socket) =>
    createPodman({ endpoint: { sockets: [socket] }, envPrefixes: [] }, logLines().logger),
  ),
);
