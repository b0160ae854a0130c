import { Type } from "@sinclair/typebox";

import type { Labels } from "../../wire/labels.ts";
import type { Target } from "../jobs/target.ts";
import type { TargetState } from "../scrape/target-state.ts";
import type { Route } from "./route.ts";

/** An agent, as Prometheus takes targets. */
interface Group {
  readonly targets: readonly string[];
  readonly labels: Labels;
}

const GroupSchema = Type.Object(
  {
    targets: Type.Array(Type.String(), { description: "`HOST:PORT`." }),
    labels: Type.Record(Type.String(), Type.String()),
  },
  { description: "An agent." },
);

/**
 * `GET /sd/agents`: the agents as another Prometheus takes them by `http_sd_configs`.
 * https://prometheus.io/docs/prometheus/latest/http_sd/#http_sd-format
 */
export const sdAgents: Route = (app, view) => {
  const schema = {
    summary: "The agents found, for http_sd_configs of Prometheus.",
    tags: ["targets"],
    response: { 200: Type.Array(GroupSchema) },
  };
  app.get("/sd/agents", { schema }, (_, reply) => {
    // Prometheus takes no other type; every target is one group, as each has labels of its own.
    void reply.type("application/json; charset=utf-8");
    const targets = view.jobs().flatMap((job) => job.targets);
    return agentList(targets, view.targets());
  });
};

/**
 * Those of the targets that are agents by configuration or were found out to be when they were
 * asked; each endpoint once, the first of its labels.
 */
export function agentList(
  targets: readonly Target[],
  asked: readonly Pick<TargetState, "url" | "kind">[],
): Group[] {
  const answered = new Set(asked.flatMap(({ url, kind }) => (kind === "agent" ? [url] : [])));
  const agents = new Map<string, Target>();
  for (const target of targets) {
    const { job, url } = target;
    const isAgent = job.kind === "agent" || (job.kind === undefined && answered.has(url));
    if (isAgent && !agents.has(url)) agents.set(url, target);
  }
  return [...agents.values()].map(groupOf);
}

/** Labels without `job` and `instance`, which the one who scrapes gives. */
function groupOf({ url, labels }: Target): Group {
  const { host, port, protocol, pathname } = new URL(url);
  const isSecure = protocol === "https:";
  const address = port === "" ? `${host}:${isSecure ? 443 : 80}` : host;
  const { job: _, instance: __, ...own } = labels;
  return {
    targets: [address],
    labels: {
      ...own,
      ...(isSecure ? { __scheme__: "https" } : {}),
      ...(pathname === "/metrics" ? {} : { __metrics_path__: pathname }),
    },
  };
}
