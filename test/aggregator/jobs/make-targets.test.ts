import { describe, expect, test } from "vitest";

import { configuredJobs } from "../../../aggregator/jobs/configured.ts";
import type { Job } from "../../../aggregator/jobs/job.ts";
import { type MadeTargets, makeTargets } from "../../../aggregator/jobs/make-targets.ts";
import { isOfShard, parseShard } from "../../../aggregator/jobs/shard.ts";
import type { Labels } from "../../../wire/labels.ts";

function jobOf(fields: object): Job {
  const scrape_configs = [{ job_name: "j", ...fields }];
  const rest = { agents: [], scrape_interval: 15, scrape_timeout: 10, global: undefined };
  const [job] = configuredJobs({ ...rest, scrape_configs });
  return job!;
}

/** What a job makes of targets that are found in one group. */
function make(fields: object, targets: readonly Labels[], labels: Labels = {}): MadeTargets {
  return makeTargets(jobOf(fields), [{ source: "s", labels, targets }]);
}

const at = (address: string): Labels => ({ __address__: address });

/** A rule that writes a label. */
const write = (target_label: string, replacement: string): object => ({
  target_label,
  replacement,
});

describe("a target", () => {
  test("has the job's fields as labels, and only what does not begin with __ at the end", () => {
    const { targets } = make({ params: { a: ["1", "2"] } }, [{ ...at("h:1"), own: "x" }], {
      own: "group's",
      __meta_a: "m",
      dc: "lon",
    });
    expect(targets).toMatchObject([
      {
        url: "http://h:1/metrics?a=1&a=2",
        labels: { job: "j", instance: "h:1", own: "x", dc: "lon" },
        discoveredLabels: {
          __address__: "h:1",
          __meta_a: "m",
          __metrics_path__: "/metrics",
          __param_a: "1",
          __scheme__: "http",
          __scrape_interval__: "1m",
          __scrape_timeout__: "10s",
          dc: "lon",
          job: "j",
          own: "x",
        },
        scrapeInterval: 60_000,
        scrapeTimeout: 10_000,
      },
    ]);
  });

  test.for<[string, Labels, object[], string]>([
    ["without a port has none", at("h"), [], "http://h/metrics"],
    ["of IPv6", at("[::1]:80"), [], "http://[::1]/metrics"],
    [
      "elsewhere",
      at("h:1"),
      [write("__metrics_path__", "no slash?a=b#c")],
      "http://h:1/no%20slash%3Fa=b%23c",
    ],
    ["with a parameter", at("h:1"), [write("__param_q", "a b&c")], "http://h:1/metrics?q=a+b%26c"],
    [
      "that discovery says more of",
      { ...at("h:1"), __scheme__: "https", __metrics_path__: "/m" },
      [],
      "https://h:1/m",
    ],
  ])("%s: %s", ([, labels, relabel_configs, url]) => {
    expect(make({ relabel_configs }, [labels]).targets[0]?.url).toBe(url);
  });

  test.for<[object, string]>([
    [write("__address__", ""), "has no __address__"],
    [write("__address__", "http://h"), "__address__ is not HOST:PORT"],
    [write("__address__", "me:secret@h:1"), "__address__ is not HOST:PORT"],
    [write("__address__", "h:99999"), "__address__ is not HOST:PORT"],
    [write("__address__", "h:x"), "__address__ is not HOST:PORT"],
    [write("__scheme__", "file"), "__scheme__ is neither http nor https"],
    [write("__scrape_interval__", "often"), "__scrape_interval__ is no duration"],
    [write("__scrape_interval__", "0s"), "__scrape_interval__ is no duration"],
    [write("__scrape_timeout__", "2m"), "__scrape_timeout__ is longer than __scrape_interval__"],
  ])("%j: is not scraped, and says why", ([rule, trouble]) => {
    const made = make({ relabel_configs: [rule] }, [at("h:1")]);
    expect(made.targets).toEqual([]);
    expect(made.dropped).toMatchObject([{ discoveredLabels: at("h:1"), trouble }]);
  });

  test("that two discoveries find is one", () => {
    const rules = [{ action: "labeldrop", regex: "x" }];
    const found = [
      { ...at("h:1"), x: "1" },
      { ...at("h:1"), x: "2" },
      { ...at("h:1"), y: "1" },
    ];
    expect(make({ relabel_configs: rules }, found).targets).toHaveLength(2);
  });
});

test("what is dropped is counted, and as much of it kept as is wanted", () => {
  const found = Array.from({ length: 1500 }, (_, index) => at(`h-${index}:1`));
  const rule = { action: "drop", source_labels: ["__address__"], regex: "h-.*" };
  const made = make({ relabel_configs: [rule] }, found);
  expect([made.targets.length, made.dropped.length, made.droppedCount]).toEqual([0, 1000, 1500]);
  const few = make({ relabel_configs: [rule], keep_dropped_targets: 2 }, found);
  expect([few.dropped.length, few.droppedCount]).toEqual([2, 1500]);
  expect(few.dropped[0]).not.toHaveProperty("trouble");
});

test("with more targets than its limit a job has none, and says why", () => {
  const found = [at("a:1"), at("b:1")];
  expect(make({ target_limit: 2 }, found).targets).toHaveLength(2);
  expect(make({ target_limit: 1 }, found)).toMatchObject({
    targets: [],
    trouble: "2 targets are more than target_limit, which is 1",
  });
});

describe("of several aggregators", () => {
  test("each target has exactly one, and they share alike", () => {
    const named = make(
      {},
      Array.from({ length: 1000 }, (_, index) => at(`h-${index}:1`)),
    ).targets;
    const shards = [1, 2, 3, 4, 5].map((number) =>
      named.filter((target) => isOfShard(target, { number, of: 5 })),
    );
    expect(
      shards
        .flat()
        .map(({ url }) => url)
        .toSorted(),
    ).toEqual(named.map(({ url }) => url).toSorted());
    for (const shard of shards) expect(shard.length).toBeGreaterThan(140);
  });

  test("one says which it is", () => {
    expect(parseShard("2/5")).toEqual({ number: 2, of: 5 });
    expect(parseShard("1/1")).toEqual({ number: 1, of: 1 });
  });

  test.for(["", "2", "0/5", "6/5", "-1/5", "2/0", "a/b", "2/5/7", "1.5/2"])(
    "%s is none",
    (text) => {
      expect(() => parseShard(text)).toThrow("must be NUMBER/OF such as 2/5");
    },
  );
});
