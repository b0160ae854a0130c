import { expect, test } from "vitest";

import { agentList } from "../../../aggregator/api/sd-agents.ts";
import { agentsJob } from "../../../aggregator/jobs/agents.ts";
import type { JobKind } from "../../../aggregator/jobs/job.ts";
import { makeTargets } from "../../../aggregator/jobs/make-targets.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import type { Labels } from "../../../wire/labels.ts";

function targetOf(kind: JobKind | undefined, labels: Labels): Target {
  const job = { ...agentsJob([], { interval: 1000, timeout: 1000 }), kind };
  const made = makeTargets(job, [{ source: "s", labels: {}, targets: [labels] }]);
  return made.targets[0]!;
}

test("agents by configuration and found out, each once, with what is not the usual", () => {
  const targets = [
    targetOf("agent", { __address__: "a:8180", rack: "r1", __meta_x: "y" }),
    targetOf("agent", { __address__: "a:8180" }),
    targetOf("agent", { __address__: "b", __scheme__: "https", __metrics_path__: "/node/metrics" }),
    targetOf(undefined, { __address__: "c:1" }),
    targetOf(undefined, { __address__: "d:1" }),
    targetOf("exposition", { __address__: "e:1" }),
  ];
  const asked = [
    { url: "http://c:1/metrics", kind: "agent" as const },
    { url: "http://d:1/metrics", kind: "exposition" as const },
    { url: "http://e:1/metrics", kind: "exposition" as const },
  ];
  expect(agentList(targets, asked)).toEqual([
    { targets: ["a:8180"], labels: { rack: "r1" } },
    { targets: ["b:443"], labels: { __scheme__: "https", __metrics_path__: "/node/metrics" } },
    { targets: ["c:1"], labels: {} },
  ]);
});
