import { describe, expect, test } from "vitest";

import type { TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import { agentsJob, parseAgentAddress } from "../../../aggregator/jobs/agents.ts";
import { makeTargets } from "../../../aggregator/jobs/make-targets.ts";
import { discoveryContext } from "../discovery/suite.ts";

/** The URLs that a list of agents comes to. */
function urlsOf(agents: readonly string[]): string[] {
  const job = agentsJob(agents, { interval: 1000, timeout: 10_000 });
  const found: TargetGroup[] = [];
  for (const create of job.discoveries) {
    create(discoveryContext()).start((groups) => void found.push(...groups));
  }
  return makeTargets(job, found).targets.map(({ url }) => url);
}

describe("an agent's address", () => {
  test.for([
    ["http://host-1:8180", "http://host-1:8180/metrics"],
    ["host-1:8180", "http://host-1:8180/metrics"],
    ["10.0.0.1:8180", "http://10.0.0.1:8180/metrics"],
    ["[::1]:8180", "http://[::1]:8180/metrics"],
    ["HTTPS://Host-1/node/a/", "https://host-1/node/a/metrics"],
  ] as const)("%s is asked at %s", ([text, url]) => {
    expect(urlsOf([text])).toEqual([url]);
  });

  test.for([
    "",
    "http://",
    "ftp://host-1:8180",
    "http://user:secret@host-1:8180",
    "http://host-1:8180/?a=b",
    "http://host-1:8180/#top",
    "http://host-1:99999",
    "unix:///run/agent.sock",
  ])("%s is none", (text) => {
    expect(parseAgentAddress(text)).toBeUndefined();
  });

  test("an agent that is named twice is asked once", () => {
    const urls = urlsOf(["http://a:1", "b:1", "a:1"]);
    expect(urls).toEqual(["http://a:1/metrics", "http://b:1/metrics"]);
  });
});
