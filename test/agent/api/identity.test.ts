import { describe, expect, it } from "vitest";

import { aboutSection } from "../../../agent/api/families/about.ts";
import { identityFamilies } from "../../../agent/api/families/identity.ts";
import { SeriesLabels } from "../../../agent/api/families/series-labels.ts";
import type { AgentView } from "../../../agent/api/route.ts";
import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { UNKNOWN_MACHINE } from "../../../agent/machine/machine.ts";
import { Tracked } from "../../../agent/window/tracked.ts";
import { Window } from "../../../agent/window/window.ts";
import { version } from "../../../lib/version.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";
import { Page } from "../../../wire/exposition/page.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { labelsIn } from "./labels-in.ts";

const labels = new SeriesLabels({ include: [], union: false }, new Window(1, 1000));

/** Values of the families that are about this container, by name. */
function valuesOf(more: Partial<Container>, madeAt = Number.NaN): Record<string, number> {
  using kernel = new FakeKernel("empty-v2");
  const tracked = new Tracked(cgroupAt(kernel.hierarchies, "/"), [], kernel.host(), 2, 1, () => ({
    id: "/a",
    name: "a",
    labels: {},
    groups: {},
    limits: NO_LIMITS,
    ...more,
  }));
  tracked.createdAt = madeAt;
  tracked.ring.push(1, 5_700, 1000, new Float64Array(allMetrics.length));
  const values: Record<string, number> = {};
  for (const family of identityFamilies(labels)) {
    family.write(tracked, (_, value) => {
      if (!Number.isNaN(value)) values[family.name] = value;
    });
  }
  return values;
}

describe("who a container is", () => {
  it("a plain cgroup has the times of its files, and no health", () => {
    expect(valuesOf({}, 1500.5)).toEqual({
      container_creation_time_seconds: 1500.5,
      container_health_state: -1,
      container_last_seen: 5,
      container_start_time_seconds: 1500.5,
    });
  });

  it("a container has the times that its engine tells, or none", () => {
    const times = { created_at: "1970-01-01T00:01:00Z", started_at: "1970-01-01T00:02:00Z" };
    expect(valuesOf({ runtime: "docker", ...times }, 1500)).toMatchObject({
      container_creation_time_seconds: 60,
      container_start_time_seconds: 120,
      container_info: 1,
    });
    const unknown = valuesOf({ runtime: "docker" }, 1500);
    expect(unknown).not.toHaveProperty("container_creation_time_seconds");
    expect(unknown).not.toHaveProperty("container_start_time_seconds");
  });

  it.each([
    ["healthy", 1],
    ["unhealthy", 0],
    ["starting", 0],
  ] as const)("a container that is %s has the state %d", (health, state) => {
    expect(valuesOf({ health })["container_health_state"]).toBe(state);
  });
});

describe("the agent's own families that cAdvisor has", () => {
  function page(more: Partial<AgentView>): string {
    const view = {
      machine: { ...UNKNOWN_MACHINE, kernelVersion: "6.1", osVersion: "Debian" },
      engineVersion: () => undefined,
      hasFailed: () => false,
      ...more,
    };
    const written = new Page();
    void aboutSection(view)(written, "prometheus");
    return written.finish().toString();
  }

  it("the versions have exactly cAdvisor's labels", () => {
    const engineVersion = (runtime: string): string => `${runtime} 28`;
    const text = /^cadvisor_version_info\{(.*)\} 1$/m.exec(page({ engineVersion }))?.[1];
    expect(labelsIn(text ?? "")).toEqual([
      ["kernelVersion", "6.1"],
      ["osVersion", "Debian"],
      ["dockerVersion", "docker 28"],
      ["cadvisorVersion", version],
      ["cadvisorRevision", ""],
    ]);
  });

  it("the error is 1 while something has failed", () => {
    expect(page({})).toContain("\ncontainer_scrape_error 0\n");
    expect(page({ hasFailed: () => true })).toContain("\ncontainer_scrape_error 1\n");
  });
});
