import type { ContainerInfo, ContainerInspectInfo } from "dockerode";
import { describe, expect, it } from "vitest";

import { parseInspected, parseListed } from "../../../agent/runtimes/docker-api/parse.ts";

/** An answer of the engine, with what matters here. */
function inspected(more: {
  readonly env?: readonly string[];
  readonly health?: string;
  readonly restarts?: number;
}): ContainerInspectInfo {
  const answer: unknown = {
    Id: "1",
    Name: "/web",
    Created: "2026-11-21T06:14:45.8Z",
    RestartCount: more.restarts ?? 0,
    State: {
      Status: "running",
      StartedAt: "2026-11-21T06:14:54Z",
      ...(more.health === undefined ? {} : { Health: { Status: more.health } }),
    },
    Config: { Image: "nginx", Labels: { a: "b" }, Env: more.env ?? null },
  };
  return answer as ContainerInspectInfo;
}

function listed(status: string): ContainerInfo {
  const answer: unknown = { Id: "1", Names: ["/web"], Image: "nginx", Status: status };
  return answer as ContainerInfo;
}

describe("health", () => {
  it.each(["healthy", "unhealthy", "starting"])("may be %s", (health) => {
    expect(parseInspected(inspected({ health })).health).toBe(health);
  });

  it("is absent without a check", () => {
    expect(parseInspected(inspected({}))).not.toHaveProperty("health");
    expect(parseInspected(inspected({ health: "none" }))).not.toHaveProperty("health");
    expect(parseListed(listed("Up 2 minutes"))).not.toHaveProperty("health");
    expect(parseListed(listed("Up 2 minutes (Paused)"))).not.toHaveProperty("health");
  });

  it("is told by the list too", () => {
    expect(parseListed(listed("Up 2 minutes (healthy)")).health).toBe("healthy");
    expect(parseListed(listed("Up About an hour (unhealthy)")).health).toBe("unhealthy");
    expect(parseListed(listed("Up 1 second (health: starting)")).health).toBe("starting");
  });
});

it("restarts are counted", () => {
  expect(parseInspected(inspected({ restarts: 4 })).restarts).toBe(4);
});

describe("variables", () => {
  const env = ["APP_MODE=a=b", "app_mode=small", "APP_SECRET=x", "PATH=/bin", "APP_ODD", "TIER="];

  it("are kept only if their names begin as the operator says", () => {
    expect(parseInspected(inspected({ env }))).not.toHaveProperty("env");
    expect(parseInspected(inspected({ env }), ["APP_M", "TIER"]).env).toEqual({
      app_mode: "a=b",
      tier: "",
    });
    expect(parseInspected(inspected({}), ["APP"]).env).toEqual({});
  });

  it("that differ only in case become one, the first in the alphabet", () => {
    for (const order of [env, env.toReversed()]) {
      expect(parseInspected(inspected({ env: order }), ["APP_MODE", "app_"]).env).toEqual({
        app_mode: "a=b",
      });
    }
  });
});
