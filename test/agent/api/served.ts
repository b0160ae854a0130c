import { allRoutes } from "../../../agent/api/all.ts";
import type { Route } from "../../../agent/api/route.ts";
import { createHttpServer } from "../../../lib/http/server.ts";
import { logLines } from "../../lib/http/log-lines.ts";
import { sampleFakeKernel, type SampledKernel } from "../sampled-kernel.ts";

/** The agent's server, as it is but for the kernel and the port: two samples of a v2 container. */
export function serveFakeKernel(routes: readonly Route[] = allRoutes): Promise<SampledKernel> {
  return sampleFakeKernel("cgroup-v2", routes, () =>
    createHttpServer({
      title: "Plimsoll agent",
      description: "Over a fake kernel.",
      version: "1.2.3",
      logger: logLines().logger,
    }),
  );
}
