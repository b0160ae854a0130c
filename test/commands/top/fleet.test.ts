import { describe, expect, it } from "vitest";

import {
  NO_FLEET,
  takeAnswer,
  takeGap,
  takeSeries,
  takeUpdate,
} from "../../../commands/top/fleet.ts";
import { keyOf } from "../../../commands/top/row.ts";
import { answer, container, timeOf } from "./answers.ts";

const web = container("web", { cpu_cores: 0.5, oom_kills: 0 }, { restarts: 0 });
const first = takeAnswer(NO_FLEET, answer([web, container("db", { cpu_cores: 1 })]));
const webKey = keyOf("host-1", "/docker/web");

describe("a fleet", () => {
  it("has the containers of an answer, each with its node", () => {
    const fleet = takeAnswer(NO_FLEET, answer([web, { ...web, node: "host-2" }], 0, "cluster"));
    expect([...fleet.rows.values()].map(({ node, name }) => [node, name])).toEqual([
      ["cluster", "web"],
      ["host-2", "web"],
    ]);
  });

  it("passes over what is no container", () => {
    const fleet = takeAnswer(NO_FLEET, { node: "n", containers: [null, 7, {}, { id: "/a" }] });
    expect([...fleet.rows.values()].map(({ name }) => name)).toEqual(["/a"]);
  });

  it("takes up what a pass has changed, and remembers what was", () => {
    const fleet = takeUpdate(first, {
      time: timeOf(1),
      added: [container("new", { cpu_cores: 2 })],
      changed: [{ id: "/docker/web", latest: { cpu_cores: 0.75, oom_kills: 1 } }],
      removed: ["/docker/db"],
    });
    expect([...fleet.rows.values()].map(({ name }) => name)).toEqual(["web", "new"]);
    const row = fleet.rows.get(webKey);
    expect(row?.values).toEqual({ cpu_cores: 0.75, oom_kills: 1 });
    expect(row?.trails.cpu_cores).toEqual([0.5, 0.75]);
    expect(row?.killedAt).toBe(Date.parse(timeOf(1)));
    // The one before stands as it was.
    expect(first.rows.get(webKey)?.values.cpu_cores).toBe(0.5);
  });

  it("knows that who is not named is as before, and what null means", () => {
    const fleet = takeUpdate(first, {
      time: timeOf(1),
      added: [],
      changed: [{ id: "/docker/web", latest: { cpu_cores: null } }],
      removed: [],
    });
    expect(fleet.rows.get(webKey)?.values).toEqual({ oom_kills: 0 });
    expect(fleet.rows.get(keyOf("host-1", "/docker/db"))?.trails.cpu_cores).toEqual([1, 1]);
  });

  it("forgets who is not in the next answer, and counts no pass twice", () => {
    const again = takeAnswer(first, answer([web]));
    expect(again.rows.get(webKey)?.trails.cpu_cores).toEqual([0.5]);
    const next = takeAnswer(again, answer([web], 1));
    expect(next.rows.get(webKey)?.trails.cpu_cores).toEqual([0.5, 0.5]);
    expect(next.rows.size).toBe(1);
  });

  it("keeps a minute", () => {
    let fleet = first;
    for (let second = 1; second <= 100; second++) {
      fleet = takeAnswer(fleet, answer([container("web", { cpu_cores: second })], second));
    }
    const trail = fleet.rows.get(webKey)?.trails.cpu_cores ?? [];
    expect([trail.length, trail[0], trail.at(-1)]).toEqual([60, 41, 100]);
  });

  it("takes the window where it is told, and has gaps where nobody has told anything", () => {
    const series = {
      step_seconds: 1,
      times: [1, 2, 3],
      values: { cpu_cores: { avg: [0.1, null, 0.3] } },
    };
    const told = takeSeries(first, answer([container("web", {}, { series })]));
    expect(told.rows.get(webKey)?.trails.cpu_cores).toEqual([0.1, Number.NaN, 0.3]);
    expect(takeGap(first).rows.get(webKey)?.trails.cpu_cores).toEqual([0.5, Number.NaN]);
  });

  it("sees a restart", () => {
    const next = takeAnswer(first, answer([{ ...web, restarts: 1 }], 5));
    expect(next.rows.get(webKey)?.restartedAt).toBe(Date.parse(timeOf(5)));
  });
});
