import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SeriesLabels, type LabelSettings } from "../../../agent/api/families/series-labels.ts";
import { parseList } from "../../../agent/runtimes/docker-api/parse.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";
import { labelsIn } from "./labels-in.ts";

/** A window with these containers; `pass` says that there may be others now. */
class FakeWindow {
  containers: Container[] = [];
  pass: () => void = () => {};

  get live(): never {
    // Only the containers of what is tracked are looked at.
    return this.containers.map((container) => ({ container })) as never;
  }

  onPass(listener: () => void): () => void {
    this.pass = listener;
    return () => {};
  }
}

function engineContainer(labels: Record<string, string>, more: Partial<Container> = {}): Container {
  const identity = { id: "/docker/1", name: "web", image: "nginx:1", runtime: "docker" };
  return { ...identity, labels, groups: {}, limits: NO_LIMITS, ...more };
}

const plain: Container = {
  id: "/system.slice",
  name: "/system.slice",
  labels: {},
  groups: {},
  limits: NO_LIMITS,
};

function made(settings: Partial<LabelSettings>, window = new FakeWindow()): SeriesLabels {
  return new SeriesLabels({ include: [], union: false, ...settings }, window);
}

const OWN = 'id="/docker/1",image="nginx:1",name="web"';

describe("by default", () => {
  const labels = made({});

  it("a series has id, image and name alone, and a plain cgroup its path", () => {
    expect(labels.of(engineContainer({ team: "a" }))).toBe(OWN);
    expect(labels.of(plain)).toBe('id="/system.slice"');
  });

  it("container_info has all labels, and how often it was restarted", () => {
    const container = engineContainer({ "z.b": "1", a: "2" }, { restarts: 3 });
    expect(labels.infoOf(container)).toBe(
      'runtime="docker",container_label_a="2",container_label_restartcount="3",container_label_z_b="1"',
    );
    expect(labels.infoOf(engineContainer({}, { restarts: 0 }))).toBe('runtime="docker"');
  });

  it("of two keys that become one name the first in the alphabet wins", () => {
    const either = [
      { "a.b": "dot", "a-b": "dash" },
      { "a-b": "dash", "a.b": "dot" },
    ];
    for (const one of either) {
      expect(labels.infoOf(engineContainer(one))).toBe(
        'runtime="docker",container_label_a_b="dash"',
      );
    }
  });

  it("a text is made once for each state of a container", () => {
    const container = engineContainer({ a: "b" });
    const first = labels.of(container);
    (container.labels as Record<string, string>)["a"] = "c";
    expect(labels.of(container)).toBe(first);
  });
});

describe("labels that are included", () => {
  const labels = made({ include: ["team", "my.zone"] });

  it("stand on the series of the containers that have them", () => {
    expect(labels.of(engineContainer({ team: "a", other: "x" }))).toBe(
      `${OWN},container_label_team="a"`,
    );
    expect(labels.of(engineContainer({ "my.zone": "z" }))).toBe(
      `${OWN},container_label_my_zone="z"`,
    );
    expect(labels.of(plain)).toBe('id="/system.slice"');
  });

  it("are not on container_info a second time", () => {
    expect(labels.infoOf(engineContainer({ team: "a", other: "x" }))).toBe(
      'runtime="docker",container_label_other="x"',
    );
  });
});

describe("variables", () => {
  it("stand on every series in lower case", () => {
    const container = engineContainer({}, { env: { "app.mode": "x", TIER: "web" } });
    expect(made({}).of(container)).toBe(
      `${OWN},container_env_tier="web",container_env_app_mode="x"`,
    );
  });
});

describe("the union of labels", () => {
  it("is on every series, empty where a container has none", () => {
    const window = new FakeWindow();
    const a = engineContainer({ b: "1", a: "" });
    window.containers = [a, plain];
    const labels = made({ union: true }, window);
    expect(labels.of(a)).toBe(`${OWN},container_label_a="",container_label_b="1"`);
    expect(labels.of(plain)).toBe(
      'id="/system.slice",image="",name="",container_label_a="",container_label_b=""',
    );
    expect(labels.infoOf(a)).toBe('runtime="docker"');
  });

  it("follows the containers that there are", () => {
    const window = new FakeWindow();
    const a = engineContainer({ a: "1" });
    const b = engineContainer({ b: "2" }, { id: "/docker/2", restarts: 1 });
    window.containers = [a];
    const labels = made({ union: true }, window);
    expect(labels.of(a)).toBe(`${OWN},container_label_a="1"`);
    window.containers = [a, b];
    window.pass();
    expect(labels.of(a)).toBe(
      `${OWN},container_label_a="1",container_label_b="",container_label_restartcount=""`,
    );
    window.containers = [a];
    window.pass();
    expect(labels.of(a)).toBe(`${OWN},container_label_a="1"`);
  });

  it("is of the included labels alone if some are", () => {
    const window = new FakeWindow();
    const a = engineContainer({ a: "1", b: "2" });
    window.containers = [a, plain];
    const labels = made({ union: true, include: ["a"] }, window);
    expect(labels.of(plain)).toContain('name="",container_label_a=""');
    expect(labels.infoOf(a)).toBe('runtime="docker",container_label_b="2"');
  });
});

describe("whatever the labels are", () => {
  it("a megabyte does not fill the page, and no character is cut in two", () => {
    const huge = engineContainer({ a: "🚢".repeat(2 ** 19), ["k".repeat(2 ** 20)]: "v", z: "end" });
    const info = made({}).infoOf(huge);
    expect(info.length).toBeLessThan(5000);
    expect(info).toMatch(/container_label_a="(?:🚢)+",container_label_z="end"$/u);
    expect(made({ include: ["a", "z"] }).of(huge).length).toBeLessThan(1200);
    const many = Array.from({ length: 10_000 }, (_, index) => [`k${index}`, "v".repeat(100)]);
    expect(made({}).infoOf(engineContainer(Object.fromEntries(many))).length).toBeLessThan(65_600);
  });

  it("the same of those that become one name is kept, in whatever order the engine lists them", () => {
    const key = fc.constantFrom("a.b", "a-b", "a_b", "a/b", "A.b", "b", "restart.count", "ä");
    const pairs = fc.uniqueArray(fc.tuple(key, fc.string({ maxLength: 3 })), {
      selector: ([name]) => name,
    });
    const both = pairs.chain((given) => {
      const all = { minLength: given.length, maxLength: given.length };
      return fc.tuple(fc.constant(given), fc.shuffledSubarray(given, all));
    });
    fc.assert(
      fc.property(both, fc.array(key, { maxLength: 2 }), fc.boolean(), (orders, include, union) => {
        const texts = orders.map((order) => {
          const [listed] = parseList([{ Id: "1", Labels: Object.fromEntries(order) }]);
          const container = engineContainer(listed!.labels);
          const window = new FakeWindow();
          window.containers = [container];
          const labels = made({ include, union }, window);
          return [labels.of(container), labels.infoOf(container)];
        });
        expect(texts[1]).toEqual(texts[0]);
      }),
    );
  });

  it("two long paths stay two", () => {
    const labels = made({});
    const path = `/${"a".repeat(3000)}`;
    expect(labels.of({ ...plain, id: `${path}b` })).not.toBe(labels.of({ ...plain, id: path }));
  });

  it("no name comes twice, and the values are read back as they were", () => {
    const words = fc.string({ unit: "binary", maxLength: 20 });
    const texts = fc.dictionary(words, words, { maxKeys: 12 });
    const settings = fc.record({ include: fc.array(words, { maxLength: 4 }), union: fc.boolean() });
    fc.assert(
      fc.property(texts, texts, settings, words, (own, env, given, name) => {
        const container = engineContainer(own, { env, name, restarts: 1 });
        const include = [...given.include, ...Object.keys(own).slice(0, 2)];
        const window = new FakeWindow();
        window.containers = [container, plain];
        const labels = made({ ...given, include }, window);
        const onSeries = labelsIn(labels.of(container));
        const all = labelsIn(`${labels.of(container)},${labels.infoOf(container)}`);
        for (const names of [onSeries, all].map((found) => found.map(([key]) => key))) {
          expect(new Set(names).size).toBe(names.length);
        }
        expect(Object.fromEntries(onSeries)).toMatchObject({ id: "/docker/1", name });
        const found = new Map(all);
        const sanitize = (key: string): string => key.replaceAll(/[^a-zA-Z0-9_]/gu, "_");
        for (const key of Object.keys(own)) {
          if (sanitize(key) === "restartcount") continue;
          const same = Object.keys(own).filter((other) => sanitize(other) === sanitize(key));
          // One that was asked for by name goes before the others.
          const asked = same.filter((other) => include.includes(other));
          const first = (asked.length > 0 ? asked : same).toSorted()[0]!;
          expect(found.get(`container_label_${sanitize(key)}`)).toBe(own[first]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
