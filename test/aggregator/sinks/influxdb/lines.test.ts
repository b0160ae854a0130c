import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { eventLines } from "../../../../aggregator/sinks/influxdb/event-lines.ts";
import type { Row } from "../../../../aggregator/sinks/influxdb/node-interval.ts";
import { toParcels } from "../../../../aggregator/sinks/influxdb/parcels.ts";
import { RowWriter } from "../../../../aggregator/sinks/influxdb/schema.ts";
import type { Event } from "../../../../wire/events/event.ts";
import { parseLines } from "./parse-line.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const NANO = 1_000_000n;

function rowOf(tags: Readonly<Record<string, string>>, more: Partial<Row> = {}): Row {
  const values = [{ name: "memory/usage", isInteger: true, average: 5.4, max: 7, min: 3 }];
  return { tags, time: T0, values, ...more };
}

function written(row: Row, schema: "value" | "fields" | "both" = "value"): string {
  return new RowWriter(schema).lines(row).join("");
}

/** Pieces that names of containers, labels and images are made of here. */
const PIECES = [
  ...Array.from("ab,= \"\\'\n\r\t\u0000éß日🐳"),
  "\\,",
  "\\ ",
  "\\\\",
  '"',
  "x=y",
  "\\",
];

const anyName = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 8 })
  .map((pieces) => pieces.join(""));

/** What of a name can be written. */
function writable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f]+/g, " ").replace(/\\+$/, "");
}

describe("a row", () => {
  test("is a measurement for each metric, with Heapster's value and our max and min", () => {
    const row = rowOf({ type: "node", nodename: "host-1" });
    expect(written(row)).toBe(
      `memory/usage,nodename=host-1,type=node value=5i,max=7i,min=3i ${T0}000000\n`,
    );
  });

  test("is a field of its subject in the other schema", () => {
    const row = rowOf({ type: "node" });
    expect(written(row, "fields")).toBe(
      `memory,type=node usage=5i,usage_max=7i,usage_min=3i ${T0}000000\n`,
    );
    expect(written(row, "both")).toBe(written(row) + written(row, "fields"));
  });

  test("without a slash in its name is the same in both schemas, and written once", () => {
    const values = [{ name: "uptime", isInteger: true, average: 7 }];
    const row = rowOf({ type: "node" }, { values });
    expect(written(row, "both")).toBe(`uptime,type=node value=7i ${T0}000000\n`);
    expect(written(row, "fields")).toBe(written(row, "value"));
  });

  test("names what of several it is about", () => {
    const values = [{ name: "filesystem/usage", isInteger: true, average: 1, resourceId: "/" }];
    expect(written(rowOf({ type: "node" }, { values }))).toMatch(
      /^[^ ]*,resource_id=\/,type=node /,
    );
  });

  test("leaves out what the protocol has no word for", () => {
    const broken = [Number.NaN, Number.POSITIVE_INFINITY, 1e300];
    const values = broken.map((average) => ({ name: "memory/rss", isInteger: true, average }));
    expect(written(rowOf({ type: "node" }, { values }))).toBe("");
    const float = [{ name: "network/rx_rate", isInteger: false, average: 1e-9, max: Number.NaN }];
    const line = written(rowOf({ type: "node" }, { values: float }));
    expect(parseLines(line)[0]!.fields).toEqual({ value: 1e-9 });
  });

  test("is understood whatever its container and its labels are called", () => {
    fc.assert(
      fc.property(anyName, anyName, (container, label) => {
        const tags = { container_name: container, labels: label, type: "sys_container" };
        const [line, ...more] = parseLines(written(rowOf(tags)));
        const wanted = Object.entries(tags).map(([key, value]) => [key, writable(value)]);
        expect(more).toEqual([]);
        expect(line).toEqual({
          measurement: "memory/usage",
          tags: Object.fromEntries(wanted.filter(([, value]) => value !== "")),
          fields: { value: 5, max: 7, min: 3 },
          time: BigInt(T0) * NANO,
        });
      }),
    );
  });
});

describe("parcels", () => {
  test("hold whole lines, all of them, in order, and no more than they may", () => {
    const lines = Array.from({ length: 100 }, (_, index) => `m value=${index}i\n`);
    const parcels = toParcels(lines, 200);
    expect(Buffer.concat(parcels.map(({ body }) => body)).toString()).toBe(lines.join(""));
    expect(parcels.reduce((sum, { points }) => sum + points, 0)).toBe(100);
    for (const { body } of parcels) {
      expect(body.length).toBeLessThanOrEqual(200);
      expect(body.at(-1)).toBe(10);
    }
    expect(toParcels([], 200)).toEqual([]);
  });

  test("take a line that is larger than they may be alone", () => {
    const parcels = toParcels(["a\n", `${"b".repeat(300)}\n`, "c\n"], 200);
    expect(parcels.map(({ points }) => points)).toEqual([1, 1, 1]);
  });
});

describe("an event", () => {
  const died: Event = {
    id: "0abc-000000z",
    time: new Date(T0).toISOString(),
    node: "host-1",
    type: "died",
    container: { name: "web", labels: {}, groups: {} },
    details: { exit_code: 137, exit_class: "oom" },
    moments: { times: [1], values: {} },
  };

  test("is a text with the members of a Kubernetes event, without its moments", () => {
    const [line] = parseLines(eventLines(died, "lab", "value").join(""));
    expect(line).toMatchObject({
      measurement: "log/events",
      tags: { cluster_name: "lab", hostname: "host-1" },
      time: BigInt(T0) * NANO + 35n,
    });
    const { moments: _, ...own } = died;
    expect(JSON.parse(String(line!.fields["value"]))).toMatchObject({
      involvedObject: { kind: "Container", name: "web" },
      reason: "died",
      type: "Warning",
      lastTimestamp: died.time,
      source: { component: "plimsoll", host: "host-1" },
      plimsoll: own,
    });
  });

  test("has what Heapster's dashboard asks for as tags", () => {
    const [line] = parseLines(eventLines(died, "lab", "fields").join(""));
    expect(line).toMatchObject({
      measurement: "events",
      tags: { kind: "Container", object_name: "web", type: "Warning", reason: "died" },
      fields: { message: "web died exit_code=137 exit_class=oom", uid: died.id },
    });
  });

  test.each([
    ["a pod's container", { groups: { namespace: "shop", pod: "web-0" } }, "Pod", "web-0"],
    ["another one", { groups: {} }, "Container", "web"],
  ])("tells of %s", (_, subject, kind, name) => {
    const event = { ...died, container: { ...died.container!, ...subject } };
    const [line] = parseLines(eventLines(event, "lab", "fields").join(""));
    expect(line!.tags).toMatchObject({ kind, object_name: name });
  });

  test("of a node or a service names it", () => {
    const base = { id: "0abc-1", time: died.time, node: "host-1" } as const;
    const down: Event = { ...base, type: "node_down", details: { reason: "no answer" } };
    const scaled: Event = { ...base, type: "service_scaled", details: { group: "service:shop:a" } };
    const lines = [down, scaled].flatMap((event) => eventLines(event, "lab", "fields"));
    expect(
      parseLines(lines.join("")).map(({ tags }) => [tags["kind"], tags["object_name"]]),
    ).toEqual([
      ["Node", "host-1"],
      ["Service", "shop:a"],
    ]);
  });

  test("of Kubernetes keeps its own words", () => {
    const details = {
      kind: "Pod",
      object: "web-0",
      namespace: "shop",
      reason: "BackOff",
      severity: "Warning",
      message: 'Back-off "now"\nagain',
      reporter: "kubelet",
      count: 3,
    };
    const event: Event = { ...died, type: "kubernetes_event", details };
    const [line] = parseLines(eventLines(event, "lab", "fields").join(""));
    expect(line).toMatchObject({
      tags: { namespace_name: "shop", reason: "BackOff", component: "kubelet" },
      fields: { message: details.message },
    });
  });

  test("that follows another in the same millisecond stands at a time of its own", () => {
    const next = { ...died, id: "0abc-0000010" };
    const lines = [died, next].flatMap((event) => eventLines(event, "lab", "both"));
    expect(new Set(parseLines(lines.join("")).map(({ time }) => time)).size).toBe(2);
  });
});
