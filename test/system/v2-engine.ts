import { expect, test } from "vitest";

import { parseDiagnosis } from "../../agent/diagnostics/ask.ts";
import type { Finding } from "../../agent/diagnostics/finding.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import type { TellOf } from "./v2-subject.ts";

/** What Docker and the agent said after something had been changed: lines of id, name, state and image. */
interface Step {
  readonly what: string;
  readonly engine: readonly string[];
  readonly agent: readonly string[];
  readonly cgroups: readonly string[];
  readonly nameless: readonly unknown[];
  readonly ms: number;
}

interface Lives {
  readonly steps: readonly Step[];
  readonly skiff: ContainerStats;
  readonly startedAt: string;
}

interface Doctor {
  readonly code: number;
  readonly found: unknown;
}

/** What Docker says of one container after a step; undefined if it does not list it. */
function stateAfter(steps: readonly Step[], what: string, name: string): string | undefined {
  const lines = steps.find((step) => step.what === what)?.engine ?? [];
  return lines.map((line) => line.split(" ")).find((words) => words[1] === name)?.[2];
}

/** Who containers are under the systemd driver, and what `plimsoll doctor` says of such a machine. */
export function testEngine(tellOf: TellOf): void {
  test("says of each container what Docker lists, after every change", () => {
    const { steps } = tellOf("lives") as Lives;
    console.log(steps.map(({ what, ms }) => `${what}: ${ms} ms`).join(", "));
    for (const { what, engine, agent, cgroups, nameless } of steps) {
      expect(agent, what).toEqual(engine);
      const scopes = engine.map((line) => `/system.slice/docker-${line.split(" ")[0]}.scope`);
      expect(cgroups.toSorted(), what).toEqual(scopes.toSorted());
      expect(nameless, what).toEqual([]);
    }
    // What was changed has happened.
    expect(stateAfter(steps, "rename", "ferry")).toBeUndefined();
    expect(stateAfter(steps, "rename", "liner")).toBe("running");
    expect(stateAfter(steps, "pause", "barge")).toBe("paused");
    expect(stateAfter(steps, "kill", "barge")).toBeUndefined();
    expect(stateAfter(steps, "start again", "barge")).toBe("running");
    expect(stateAfter(steps, "remove", "liner")).toBeUndefined();
  });

  test("knows when a container was started last", () => {
    const { skiff, startedAt } = tellOf("lives") as Lives;
    expect(skiff).toMatchObject({ name: "skiff", runtime: "docker", labels: { kind: "boat" } });
    expect(skiff.started_at).toBe(startedAt);
  });

  test("has a doctor that finds all that is needed", () => {
    const { code, found } = tellOf("doctor") as Doctor;
    const { findings, is_fit: isFit } = parseDiagnosis(found);
    const finding = (id: string): Finding | undefined => findings.find((one) => one.id === id);
    expect(isFit).toBe(true);
    expect(code).toBe(0);
    expect(finding("cgroup.version")).toMatchObject({ status: "ok", what: "cgroup v2" });
    expect(finding("cgroup.driver")?.what).toMatch(/^systemd \(\d+ containers?\)$/);
    expect(finding("pressure")?.status).toBe("ok");
    expect(finding("engine.docker")).toMatchObject({ status: "ok" });
    for (const name of ["cpu", "memory", "io", "pids"]) {
      expect(finding(`controller.${name}`)?.status, name).toBe("ok");
      expect(finding(`delegation.${name}`)?.status ?? "ok", name).toBe("ok");
    }
    expect(findings.filter(({ status }) => status === "bad")).toEqual([]);
  });

  test("explains a number that cgroup v2 lacks", () => {
    const { metric, metrics } = tellOf("absent") as { metric: string; metrics: unknown[] };
    expect(metrics).toMatchObject([
      { name: metric, status: "absent", reason: "cgroup v2 does not tell it", measured_of: 0 },
    ]);
  });
}
