import { describe, expect, it } from "vitest";

import { NO_FLEET, takeAnswer } from "../../../commands/top/fleet.ts";
import { plainText } from "../../../commands/top/plain.ts";
import { answer, container, timeOf } from "./answers.ts";
import { CHOICE } from "./screens.ts";

const groups = { compose_project: "shop" };
const fleet = takeAnswer(
  NO_FLEET,
  answer([
    container("web", { cpu_cores: 0.5, processes: 3 }, { groups }),
    container("=evil\u009B31m", { cpu_cores: 0.25 }),
  ]),
);
const plain = { choice: CHOICE, columns: 60, isAscii: true };

describe("what is written once", () => {
  it("is a table", () => {
    expect(plainText(fleet, { ...plain, format: "table" })).toMatchInlineSnapshot(`
      "CONTAINER      STATE        CPUv  %LIM    MEM MEM%
      web            running      0.50     -      -              -
      =evil?31m      running      0.25     -      -              -
      "
    `);
  });

  it("is a table with groups", () => {
    const choice = { ...CHOICE, grouping: "compose_project" as const };
    expect(plainText(fleet, { ...plain, choice, format: "table" })).toMatchInlineSnapshot(`
      "CONTAINER      STATE        CPUv  %LIM    MEM MEM%
      - shop (1)                  0.50            -
        web          running      0.50     -      -              -
      - in none (1)               0.25            -
        =evil?31m    running      0.25     -      -              -
      "
    `);
  });

  it("is JSON in the words of /stats, which steers no terminal either", () => {
    const text = plainText(fleet, { ...plain, choice: { ...CHOICE, limit: 1 }, format: "json" });
    expect(JSON.parse(text)).toEqual({
      node: "host-1",
      time: timeOf(0),
      containers: [
        {
          node: "host-1",
          id: "/docker/web",
          container_id: "web",
          name: "web",
          image: "busybox:1",
          runtime: "docker",
          state: "running",
          groups,
          limits: { cpu_cores: null, memory_bytes: null, pids: null },
          latest: { cpu_cores: 0.5, processes: 3 },
        },
      ],
    });
    const all = plainText(fleet, { ...plain, format: "json" });
    expect(all).toContain("=evil\\u009b31m");
    expect(JSON.parse(all)).toMatchObject({ containers: [{}, { name: "=evil\u009B31m" }] });
  });

  it("is CSV, with nothing that a spreadsheet would run", () => {
    const [head, web, evil] = plainText(fleet, { ...plain, format: "csv" }).split("\r\n");
    expect(head).toMatch(/^time,node,id,name,image,runtime,state,health,cpu_cores,/);
    expect(web).toContain(",/docker/web,web,busybox:1,docker,running,,0.5,");
    expect(evil).toContain(",'=evil");
  });

  it("is nothing but names where nobody runs", () => {
    expect(plainText(NO_FLEET, { ...plain, format: "table" })).toMatch(/^CONTAINER[^\n]*\n$/);
  });
});
