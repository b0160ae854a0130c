import pino from "pino";
import { describe, expect, it } from "vitest";

import { appSection } from "../../../agent/api/families/app.ts";
import { AppMetrics } from "../../../agent/app-metrics/app-metrics.ts";
import { ExposedFamilies } from "../../../agent/app-metrics/exposed-families.ts";
import type { scrape } from "../../../agent/app-metrics/scrape.ts";
import { Inventory } from "../../../agent/inventory/inventory.ts";
import type { RuntimeListener } from "../../../agent/runtimes/runtime.ts";
import type { Tracked } from "../../../agent/window/tracked.ts";
import { Window } from "../../../agent/window/window.ts";
import type { ExpositionFormat } from "../../../wire/exposition/encode.ts";
import { Page } from "../../../wire/exposition/page.ts";

type Answer = Awaited<ReturnType<typeof scrape>>;

function page(text: string): Answer {
  const families = new ExposedFamilies("prometheus");
  families.push(text);
  return families.finish(100);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Containers that want to be asked, and what they answer. */
class Scene {
  readonly window: Window = new Window(5, 5000);
  readonly inventory: Inventory = new Inventory(() => {});
  /** By address; a promise is an answer that is still to come. */
  readonly answers: Map<string, Answer | Promise<Answer>> = new Map();
  readonly asked: string[] = [];
  readonly app: AppMetrics;
  now = 0;
  #listener: RuntimeListener | undefined;

  constructor(allow: readonly RegExp[] = [/./]) {
    const runtime = {
      name: "docker",
      health: "connected" as const,
      failures: new Map(),
      start: (listener: RuntimeListener) => {
        this.#listener = listener;
      },
      close: async () => {},
    };
    this.inventory.follow(runtime, () => {});
    this.app = new AppMetrics({
      window: this.window,
      inventory: this.inventory,
      clock: { now: () => this.now, monotonic: () => this.now },
      logger: pino({ level: "silent" }),
      settings: { allow, intervalMs: 15_000, mostSeries: 100 },
      ownAddresses: () => ["10.0.0.1"],
      scrape: async ({ address }) => {
        this.asked.push(address);
        return this.answers.get(address) ?? "refused";
      },
    });
  }

  run(index: number, labels: Record<string, string> = {}, startedAt = "1"): Tracked {
    const id = String(index).padStart(64, "0");
    const engine = {
      id,
      name: `c${index}`,
      image: "i",
      state: "running",
      labels: { "prometheus.io/scrape": "true", ...labels },
      startedAt,
      network: { isHost: false, addresses: [`10.0.1.${index}`], ports: [80] },
    };
    this.#listener?.upsert(engine);
    const container = this.inventory.describe(`/docker/${id}`);
    const cgroup = { id: `/docker/${id}` };
    const tracked = { cgroup, container, ring: { length: 1 }, close: () => {} };
    this.window.add(tracked as unknown as Tracked);
    return tracked as unknown as Tracked;
  }

  stop(tracked: Tracked): void {
    this.window.remove(tracked.cgroup.id, this.now, 0);
  }

  /** A pass, and what is asked then. */
  async pass(seconds = 1): Promise<string[]> {
    this.now += seconds * 1000;
    const before = this.asked.length;
    this.window.endPass(this.window.beginPass(), this.now);
    for (let index = 0; index < 20; index++) await turn();
    return this.asked.slice(before);
  }

  async page(format: ExpositionFormat = "prometheus"): Promise<string> {
    const written = new Page();
    const style = {
      labelsOf: ({ name }: { name: string }) => `name="${name}"`,
      hasTimestamps: false,
    };
    await appSection({ window: this.window, style, appMetrics: this.app })(written, format);
    return written.finish().toString();
  }
}

describe("containers' own metrics", () => {
  it("are asked for every interval, and shown until the container goes", async () => {
    const scene = new Scene();
    const one = scene.run(1);
    scene.answers.set(
      "10.0.1.1",
      page('# HELP a_total A.\n# TYPE a_total counter\na_total{x="1"} 1\n'),
    );
    expect(await scene.pass()).toEqual(["10.0.1.1"]);
    const head = "# HELP a_total A.\n# TYPE a_total counter\n";
    expect(await scene.page()).toBe(`${head}a_total{name="c1",app_x="1"} 1\n`);
    expect(await scene.pass(14)).toEqual([]);
    scene.answers.set("10.0.1.1", page('# TYPE a_total counter\na_total{x="1"} 2\n'));
    expect(await scene.pass(1)).toEqual(["10.0.1.1"]);
    expect(await scene.page()).toContain('a_total{name="c1",app_x="1"} 2\n');
    scene.stop(one);
    await scene.pass();
    expect(await scene.page()).toBe("");
    expect(scene.app.results.get("ok")).toBe(2);
  });

  it("are asked for only where label and operator say so", async () => {
    const scene = new Scene([/^c1$/]);
    scene.run(1);
    scene.run(2);
    expect(await scene.pass()).toEqual(["10.0.1.1"]);
    const other = new Scene();
    other.run(1, { "prometheus.io/scrape": "no" });
    other.run(2, { "prometheus.io/path": "//evil/" });
    expect(await other.pass()).toEqual([]);
    expect([...other.app.results]).toEqual([["path", 1]]);
  });

  it("of a container that fails are gone, and those of others are not", async () => {
    const scene = new Scene();
    scene.run(1);
    scene.run(2);
    for (const index of [1, 2]) scene.answers.set(`10.0.1.${index}`, page("a 1\n"));
    await scene.pass();
    scene.answers.set("10.0.1.1", "status");
    await scene.pass(15);
    expect(await scene.page()).toBe('# HELP a \n# TYPE a untyped\na{name="c2"} 1\n');
  });

  it("of a container that was started again are asked for at once", async () => {
    const scene = new Scene();
    const one = scene.run(1);
    scene.answers.set("10.0.1.1", page("a 1\n"));
    await scene.pass();
    scene.stop(one);
    scene.run(1, {}, "2");
    scene.answers.set("10.0.1.1", "refused");
    expect(await scene.pass()).toEqual(["10.0.1.1"]);
    expect(await scene.page()).toBe("");
  });

  it("come from eight at a time, and who is slow delays nobody for ever", async () => {
    const scene = new Scene();
    const ends: ((answer: Answer) => void)[] = [];
    for (let index = 1; index <= 20; index++) {
      scene.run(index);
      const late = new Promise<Answer>((resolve) => ends.push(resolve));
      scene.answers.set(`10.0.1.${index}`, index <= 10 ? late : page("a 1\n"));
    }
    expect(await scene.pass()).toHaveLength(8);
    for (const end of ends.splice(0, 10)) end("timeout");
    await scene.pass(1);
    expect(scene.asked).toHaveLength(20);
    expect(scene.app.results.get("ok")).toBe(10);
    // Those that timed out are asked half as often.
    for (let index = 1; index <= 10; index++) scene.answers.set(`10.0.1.${index}`, "timeout");
    expect((await scene.pass(15)).length).toBe(10);
    expect((await scene.pass(15)).length).toBe(20);
  });

  it("never have two types under one name: the first decides", async () => {
    const scene = new Scene();
    const one = scene.run(1);
    scene.answers.set("10.0.1.1", page("# TYPE a gauge\na 1\n"));
    await scene.pass();
    scene.run(2);
    scene.answers.set("10.0.1.2", page("# TYPE a counter\na 2\nb 3\n"));
    await scene.pass();
    expect(await scene.page()).toBe(
      '# HELP a \n# TYPE a gauge\na{name="c1"} 1\n# HELP b \n# TYPE b untyped\nb{name="c2"} 3\n',
    );
    expect(scene.app.dropped.get("type")).toBe(1);
    scene.stop(one);
    await scene.pass(15);
    expect(await scene.page()).toContain('# TYPE a counter\na{name="c2"} 2\n');
  });

  it("don't make OpenMetrics name two families alike", async () => {
    const scene = new Scene();
    scene.run(1);
    scene.answers.set(
      "10.0.1.1",
      page(
        "# TYPE a gauge\na 1\n# TYPE a_total counter\na_total 2\n# TYPE b_total counter\nb_total 3\n",
      ),
    );
    await scene.pass();
    const types = (await scene.page("openmetrics")).split("\n").filter((line) => /TYPE/.test(line));
    expect(types).toEqual(["# TYPE a gauge", "# TYPE a_total unknown", "# TYPE b counter"]);
  });

  it("are asked for no more after the end, which waits for those under way", async () => {
    const scene = new Scene();
    scene.run(1);
    let end: ((answer: Answer) => void) | undefined;
    scene.answers.set("10.0.1.1", new Promise((resolve) => (end = resolve)));
    await scene.pass();
    const closed = scene.app.close();
    end?.(page("a 1\n"));
    await closed;
    expect(await scene.pass(60)).toEqual([]);
    expect(await scene.page()).toBe("");
  });
});
