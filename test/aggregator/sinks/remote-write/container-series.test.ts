import { describe, expect, test } from "vitest";

import { parseRelabelRules } from "../../../../aggregator/jobs/relabel-rule.ts";
import type { Batch } from "../../../../aggregator/model/batch.ts";
import { ContainerSeries } from "../../../../aggregator/sinks/remote-write/container-series.ts";
import { NamedLabels } from "../../../../aggregator/sinks/remote-write/named-labels.ts";
import { outgoingLabels } from "../../../../aggregator/sinks/remote-write/outgoing-labels.ts";
import { ParcelWriter } from "../../../../aggregator/sinks/remote-write/parcel-writer.ts";
import { Fields } from "../../../../lib/config/fields.ts";
import type { Container } from "../../../../wire/container.ts";
import { containerOf, everySecond } from "../../fakes/samples.ts";
import { decodeV1 } from "./decode.ts";

/** A multiple of every step here. */
const T0 = 1_790_000_010_000 - (1_790_000_010_000 % 60_000);
const STALE = "stale";

const web = containerOf("/docker/web", {
  name: "web",
  runtime: "docker",
  image: "nginx",
  labels: { secret: "kept back" },
  groups: { pod: "web-0", namespace: "shop" },
});

interface Written {
  readonly series: string;
  readonly time: number;
  readonly value: number | typeof STALE;
}

class Lab {
  readonly #series: ContainerSeries;

  constructor(step = 15_000) {
    const external = { cluster: "lab", region: "eu", node: "not this" };
    this.#series = new ContainerSeries({ step, external, rules: [] });
  }

  /** What a batch makes, of one family, times in seconds since T0. */
  take(batch: Batch, family = "cpu_cores", now = T0): Written[] {
    const writer = new ParcelWriter({ bytes: 1e9, samples: 1e9 });
    this.#series.write(batch, now, writer);
    const bodies = writer.finish().map(({ body }) => body);
    return decodeV1(Buffer.concat(bodies)).flatMap(({ labels, samples }) => {
      const { __name__: name = "", ...rest } = Object.fromEntries(labels);
      if (name.replace("plimsoll_container_", "").replace(/_max$/, "") !== family) return [];
      const shown = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
      const series = `${name.endsWith("_max") ? "max" : "avg"} ${shown.join(" ")}`;
      return samples.map(({ time, value, bits }) => ({
        series,
        time: (time - T0) / 1000,
        value: bits === "7ff0000000000002" ? STALE : value,
      }));
    });
  }
}

const WEB =
  "cluster=lab id=/docker/web image=nginx name=web namespace=shop node=n1 pod=web-0 region=eu";

function cores(container: Container, from: number, values: readonly number[], node = "n1"): Batch {
  const rows = values.map((cpu_cores) => ({ cpu_cores }));
  return everySecond(node, container, T0 + from * 1000, rows);
}

describe("labels with one name after the other", () => {
  test("are those that each series would have by itself, with relabelling or without", () => {
    const own = { node: "n1", Zone: "b", _x: "1", id: "/é", image: "" };
    const external = { A: "first", region: "eu", node: "not this" };
    const rule = new Fields(
      { rules: [{ action: "drop", source_labels: ["__name__"], regex: "b" }] },
      "",
    );
    for (const rules of [[], parseRelabelRules(rule, "rules")]) {
      const labels = new NamedLabels(own, external, rules);
      for (const name of ["a", "b", "a"]) {
        const alone = outgoingLabels({ ...own, __name__: name }, external, rules);
        expect(labels.of(name) && Buffer.from(labels.of(name)!)).toEqual(
          alone && Buffer.from(alone),
        );
      }
    }
    expect(new NamedLabels(own, external, []).of("b")).toBeDefined();
  });
});

describe("series of containers", () => {
  test("have a point for each whole stretch: its average and its greatest second", () => {
    const lab = new Lab(5000);
    expect(lab.take(cores(web, 0, [1, 2, 3, 4, 10]))).toEqual([]);
    expect(lab.take(cores(web, 5, [7, 7]))).toEqual([
      { series: `avg ${WEB}`, time: 5, value: 4 },
      { series: `max ${WEB}`, time: 5, value: 10 },
    ]);
    expect(lab.take(cores(web, 7, [7, 7, 7, 0])).map(({ time, value }) => [time, value])).toEqual([
      [10, 7],
      [10, 7],
    ]);
  });

  test("have several points of what came late, in their order", () => {
    const many = new Lab(5000).take(
      cores(
        web,
        0,
        Array.from({ length: 60 }, () => 1),
      ),
    );
    const times = many.filter(({ series }) => series.startsWith("avg")).map(({ time }) => time);
    expect(times).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
  });

  test("of every second are the seconds themselves", () => {
    const found = new Lab(1000).take(cores(web, 0, [1, 2, 3]));
    expect(found.map(({ series, time, value }) => [series.slice(0, 3), time, value])).toEqual([
      ["avg", 1, 1],
      ["avg", 2, 2],
    ]);
  });

  test("never repeat what was taken already, and never go back", () => {
    const lab = new Lab(5000);
    lab.take(cores(web, 0, [1, 1, 1, 1, 1, 9]));
    expect(lab.take(cores(web, 0, [5, 5, 5, 5, 5, 5]))).toEqual([]);
    const [next] = lab.take(cores(web, 6, [9, 9, 9, 9, 0]));
    expect(next).toMatchObject({ time: 10, value: 9 });
  });

  test("leave out what was not measured, and mark what is measured no more", () => {
    const lab = new Lab(2000);
    const half = everySecond("n1", web, T0, [
      { memory_limit_ratio: 0.5 },
      { memory_limit_ratio: 0.7 },
      {},
      {},
      {},
    ]);
    const found = lab.take(half, "memory_limit_ratio");
    expect(found.map(({ time, value }) => [time, value])).toEqual([
      [2, 0.6],
      [2, 0.7],
      [4, STALE],
      [4, STALE],
    ]);
    expect(lab.take(cores(web, 5, [1, 1]), "memory_limit_ratio")).toEqual([]);
  });

  test("end with what there is and a stale marker, when the container falls behind its node", () => {
    const lab = new Lab(15_000);
    const other = containerOf("/docker/other");
    lab.take([...cores(web, 0, [2, 4]), ...cores(other, 0, [1, 1])]);
    expect(
      lab.take(
        cores(
          other,
          2,
          Array.from({ length: 28 }, () => 1),
        ),
      ).length,
    ).toBe(2);
    const found = lab.take(cores(other, 30, [1, 1, 1]));
    const ofWeb = found.filter(({ series }) => series.includes("/docker/web"));
    expect(ofWeb.map(({ time, value }) => [time, value])).toEqual([
      [1, 3],
      [1, 4],
      [1.001, STALE],
      [1.001, STALE],
    ]);
    // Another container of the same path begins anew.
    const again = lab.take(
      cores(
        web,
        40,
        Array.from({ length: 6 }, () => 1),
      ),
    );
    expect(again.map(({ time, value }) => [time, value])).toEqual([
      [45, 1],
      [45, 1],
    ]);
  });

  test("end when a container is called otherwise, and go on under the new name", () => {
    const lab = new Lab(5000);
    lab.take(cores(web, 0, [1, 1, 1, 1, 1, 1]));
    const renamed = { ...web, name: "www" };
    const found = lab.take(cores(renamed, 6, [1, 1, 1, 1, 1]));
    const shown = found
      .filter(({ series }) => series.startsWith("avg"))
      .map(({ series, time, value }) => [/name=(\S+)/.exec(series)?.[1], time, value]);
    expect(shown).toEqual([
      ["web", 5.001, 1],
      ["web", 5.002, STALE],
      ["www", 10, 1],
    ]);
    // The same once more as another object changes nothing.
    expect(lab.take(cores({ ...renamed }, 11, [1]))).toEqual([]);
  });

  test("are those of a plain cgroup by its path alone", () => {
    const [point] = new Lab(1000).take(cores(containerOf("/system.slice"), 0, [1, 1]));
    expect(point?.series).toBe("avg cluster=lab id=/system.slice node=n1 region=eu");
  });

  test("leave out times that no store would take", () => {
    const lab = new Lab(1000);
    const ahead = 11 * 60;
    expect(lab.take(cores(web, ahead, [1, 1, 1]))).toEqual([]);
    expect(lab.take(cores(web, 0, [1, 1])).map(({ time }) => time)).toEqual([1]);
  });

  test("of a silent node end without a marker, and later begin anew", () => {
    const lab = new Lab(5000);
    lab.take(cores(web, 0, [1, 1, 1]));
    const later = T0 + 11 * 60_000;
    expect(lab.take(cores(web, 0, [1], "n2"), "cpu_cores", later)).toEqual([]);
    const back = lab.take(cores(web, 660, [2, 2, 2, 2, 2, 2]), "cpu_cores", later);
    expect(back.map(({ time, value }) => [time, value])).toEqual([
      [665, 2],
      [665, 2],
    ]);
  });
});
