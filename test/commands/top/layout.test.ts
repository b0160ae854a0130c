import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { layout } from "../../../commands/top/layout.ts";
import { encodeLine, lineWidth } from "../../../commands/top/line.ts";
import { answer, container } from "./answers.ts";
import { after, begin, press, shown, typeFilter } from "./screens.ts";

const web = container(
  "shop-web-1",
  {
    cpu_cores: 0.5,
    cpu_throttled_ratio: 0.25,
    memory_working_set_bytes: 48 << 20,
    oom_kills: 0,
    processes: 12,
    threads: 40,
    fs_read_bytes_per_second: 0,
    fs_write_bytes_per_second: 4096,
    network_receive_bytes_per_second: 123_456,
    network_transmit_bytes_per_second: 2_345_678,
    pressure_cpu_some_ratio: 0.31,
    pressure_memory_some_ratio: 0,
    pressure_io_some_ratio: 0.02,
  },
  {
    limits: { cpu_cores: 0.5, memory_bytes: 64 << 20, pids: null },
    groups: { compose_project: "shop", service: "web" },
    labels: { team: "front" },
    health: "unhealthy",
  },
);
const others = [
  container("数据库", { cpu_cores: 1.25, memory_working_set_bytes: 900e6 }),
  container("\u001B[2Jevil", { cpu_cores: 0.01 }, { state: "paused" }),
];
const passes = Array.from({ length: 6 }, (_, second) => ({
  kind: "answer" as const,
  answer: answer([web, ...others], second),
}));
const list = after(begin(120, 8), ...passes);

describe("the screen", () => {
  it("has the table, with what is wrong beside it", () => {
    expect(shown(list)).toMatchInlineSnapshot(`
      "host-1  3 containers  CPU 1.76  memory 906M                                                                14:00:05 live
      CONTAINER      STATE      ALERTS          CPU▼  %LIM CPU/TIME         MEM  LIMIT MEM%             NET RX  NET TX  DISK R
      数据库         running                    1.25     -            ██   858M      -               -       -       -       -
      shop-web-1     running    UNHEALTHY +2    0.50  100%            ██  48.0M  64.0M ████████░░  75%    121K    2.2M       0
      ?[2Jevil       paused                     0.01     -            ▂▂      -      -               -       -       -       -


      / filter  s sort  r reverse  g tree  e events  enter look  ? help  q quit"
    `);
  });

  it("has fewer columns where it is narrow", () => {
    expect(shown(after(list, { kind: "size", size: { columns: 40, rows: 7 } })))
      .toMatchInlineSnapshot(`
      "host-1  3 containers  CPU… 14:00:05 live
      CONTAINER        CPU▼    MEM MEM%
      数据库           1.25   858M           -
      shop-web-1       0.50  48.0M █████░  75%
      ?[2Jevil         0.01      -           -

      / filter  s sort  r reverse  g tree  e …"
    `);
  });

  it("has a tree", () => {
    expect(shown(press(list, "g"))).toMatchInlineSnapshot(`
      "host-1  3 containers  CPU 1.76  memory 906M                                                                14:00:05 live
      CONTAINER      STATE      ALERTS          CPU▼  %LIM CPU/TIME         MEM  LIMIT MEM%             NET RX  NET TX  DISK R
      ▾ shop (1)                                0.50                      48.0M                           121K    2.2M       0
        shop-web-1   running    UNHEALTHY +2    0.50  100%            ██  48.0M  64.0M ████████░░  75%    121K    2.2M       0
      ▾ in none (2)                             1.26                       858M                              -       -       -
        数据库       running                    1.25     -            ██   858M      -               -       -       -       -
        ?[2Jevil     paused                     0.01     -            ▂▂      -      -               -       -       -       -
      / filter  s sort  r reverse  g tree (compose_project)  e events  enter look  ? help  q quit"
    `);
  });

  it("has a container by itself", () => {
    const large = after(list, { kind: "size", size: { columns: 80, rows: 26 } });
    expect(shown(press(large, "down", "enter"))).toMatchInlineSnapshot(`
      "host-1  3 containers  CPU 1.76  memory 906M                        14:00:05 live
      shop-web-1  host-1  docker  running, unhealthy  UNHEALTHY  THROTTLED  PRESSURED
      CPU 0.50 cores of 0.50         top 0.50  memory 48.0MB of 64.0M        top 64.0M
                                         ⢸⣿⣿⣿                                     ⢀⣀⣀⣀
                                         ⢸⣿⣿⣿                                     ⢸⣿⣿⣿
                                         ⢸⣿⣿⣿                                     ⢸⣿⣿⣿
      received 121KB/s               top 121K  sent 2.2MB/s                   top 2.2M
                                         ⢸⣿⣿⣿                                     ⢸⣿⣿⣿
                                         ⢸⣿⣿⣿                                     ⢸⣿⣿⣿
                                         ⢸⣿⣿⣿                                     ⢸⣿⣿⣿
      read 0B/s                      top 1.0K  written 4.0KB/s                top 4.0K
                                                                                  ⢸⣿⣿⣿
                                                                                  ⢸⣿⣿⣿
                                         ⢀⣀⣀⣀                                     ⢸⣿⣿⣿
      events       are asked for
      id           shop-web-1
      image        busybox:1
      runs for     -, restarts -
      limits       cpu 0.50, memory 64.0M, pids -
      tasks        processes 12, threads 40, killed for memory 0
      throttled    25%
      pressure     cpu 31%, memory 0%, io 2%
      compose_project shop
      service      web
      label        team=front
      escape back  up/down more text  space hold  ? help  q quit"
    `);
  });

  it("says where nothing fits, and what is typed", () => {
    const text = shown(typeFilter(list, "xyz"));
    expect(text).toContain('Nothing fits "xyz"; escape gives it up.');
    expect(text.split("\n").at(-1)).toBe("filter: xyz");
  });

  it("says that there are only cgroups", () => {
    const plain = container("/a", {}, { runtime: undefined } as object);
    const state = after(begin(), { kind: "answer", answer: answer([plain]) });
    expect(shown(state)).toContain("a shows all cgroups");
  });

  it("says that nobody answers, and of when it is what it shows", () => {
    const connection = { kind: "lost", since: 0, cause: "connect ECONNREFUSED" } as const;
    const text = shown(after(list, { kind: "connection", connection }));
    expect(text).toContain("LOST");
    expect(text).toContain(
      "No answer from http://127.0.0.1:8180; it is tried again. What is shown is of 14:00:05.",
    );
    expect(shown(after(list, { kind: "connection", connection: { kind: "live" } }))).toBe(
      shown(list),
    );
  });

  it("has the events below", () => {
    const events = [
      {
        id: "1",
        time: answer([], 3).time,
        node: "host-1",
        type: "died" as const,
        container: { name: "a\u001Bb", runtime: "docker", labels: {}, groups: {} },
        details: { exit_code: 137 },
      },
      {
        id: "2",
        time: answer([], 4).time,
        node: "host-1",
        type: "cgroup_found" as const,
        container: { name: "/a", labels: {}, groups: {} },
        details: {},
      },
    ];
    const state = after(press(list, "e"), { kind: "size", size: { columns: 90, rows: 16 } });
    const told = after(state, { kind: "events", events });
    expect(shown(told)).toContain("14:00:03 host-1 died a?b (exit_code=137)");
    expect(shown(told)).not.toContain("cgroup_found");
    expect(shown(press(told, "a"))).toContain("cgroup_found /a");
  });

  it("explains every letter that does something", () => {
    const text = shown(press(after(list, { kind: "size", size: { columns: 90, rows: 30 } }), "?"));
    for (const key of ["/", "s,", "r", "g", "e", "a", "space", "q", "enter"]) {
      expect(text).toMatch(new RegExp(`^  ${key}`, "mu"));
    }
  });

  it("is made of plain letters where it has to be", () => {
    const { isAscii: _, ...rest } = after(begin(120, 20), {
      kind: "answer",
      answer: answer([{ ...web, name: "a-name-that-is-by-far-too-long-for-its-column" }]),
    });
    const state = { ...rest, isAscii: true };
    const pages = [state, press(state, "g"), press(state, "enter"), press(state, "r")];
    // oxlint-disable-next-line no-control-regex
    for (const page of pages) expect(shown(page)).toMatch(/^[\u0000-\u007F]*$/u);
  });
});

describe("no line", () => {
  const names = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.constantFrom("数据库服务器", "قاعدة-بيانات", "\u001B]0;x\u0007", "👩‍👩‍👧‍👦👍🏽🇩🇪"),
  );
  const containers = fc.array(
    fc.record({
      name: names,
      node: names,
      label: names,
      group: names,
      cpu: fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined }),
      limit: fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }), { nil: null }),
    }),
    { maxLength: 12 },
  );
  const keys = fc.array(
    fc.constantFrom(
      "j",
      "k",
      "g",
      "s",
      "r",
      "e",
      "a",
      "/",
      "?",
      "enter",
      "escape",
      "left",
      "end",
      "x",
    ),
    { maxLength: 12 },
  );

  it("is wider than the terminal or steers it, whatever containers are called and keys are pressed", () => {
    fc.assert(
      fc.property(containers, keys, fc.nat(200), fc.nat(50), (all, pressed, columns, rows) => {
        const told = all.map(({ name, node, label, group, cpu, limit }, place) =>
          container(
            `c${place}`,
            cpu === undefined
              ? {}
              : { cpu_cores: cpu, memory_working_set_bytes: cpu, processes: cpu },
            {
              name,
              node,
              labels: { [label]: label },
              groups: { compose_project: group },
              limits: { cpu_cores: limit, memory_bytes: limit, pids: null },
            },
          ),
        );
        const first = after(begin(columns + 1, rows + 1), { kind: "answer", answer: answer(told) });
        const lines = layout(press(first, ...pressed));
        expect(lines.length).toBeLessThanOrEqual(rows + 1);
        for (const line of lines) {
          expect(lineWidth(line)).toBeLessThanOrEqual(columns + 1);
          // oxlint-disable-next-line no-control-regex
          const bare = encodeLine(line, true).replaceAll(/\u001B\[(?:[0-9;]+)m/gu, "");
          expect(bare).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 100 },
    );
  });
});
