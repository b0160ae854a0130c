import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Exposed, ExposedFamilies } from "../../../agent/app-metrics/exposed-families.ts";
import type { ExpositionFormat } from "../../../wire/exposition/encode.ts";

function read(page: string, most = 1000, format: ExpositionFormat = "prometheus"): Exposed {
  const families = new ExposedFamilies(format);
  families.push(page);
  return families.finish(most);
}

/** Each family as `name type: series …`. */
function told({ families }: Exposed): string[] {
  return families.map(({ name, type, series }) => {
    const all = series.map((one) => `${one.name}{${one.labels}} ${one.value}`);
    return `${name} ${type}: ${all.join("; ")}`;
  });
}

describe("what a container exposes", () => {
  it("keeps its types, and its labels as app_<label>", () => {
    const page = `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200",id="x"} 3 1700000000000
# TYPE latency histogram
latency_bucket{le="1",id="y"} 2
latency_bucket{le="+Inf",id="y"} 3
latency_sum{id="y"} 1.5
latency_count{id="y"} 3
# TYPE size summary
size{quantile="0.5"} 7
size_count 9
# TYPE load gauge
load NaN
untold{le="kept?"} 1
`;
    const exposed = read(page);
    expect(told(exposed)).toEqual([
      'requests_total counter: requests_total{app_code="200",app_id="x"} 3',
      'latency histogram: latency_bucket{app_id="y",le="1"} 2; latency_bucket{app_id="y",le="+Inf"} 3; latency_sum{app_id="y"} 1.5; latency_count{app_id="y"} 3',
      'size summary: size{quantile="0.5"} 7; size_count{} 9',
      "load gauge: load{} NaN",
      'untold unknown: untold{app_le="kept?"} 1',
    ]);
    expect(exposed.families[0]?.help).toBe("Requests.");
    expect([...exposed.dropped]).toEqual([]);
  });

  it("never has a name that is the agent's or Prometheus's own", () => {
    const page = `# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1
container_cpu_usage_seconds_total 2
machine_x 3
plimsoll_agent_x 4
nodejs_x 5
up 6
scrape_duration_seconds 7
# TYPE container histogram
container_count 8
upper 9
go_goroutines 10
`;
    expect(told(read(page))).toEqual([
      "app_process_cpu_seconds_total counter: app_process_cpu_seconds_total{} 1",
      "app_container_cpu_usage_seconds_total unknown: app_container_cpu_usage_seconds_total{} 2",
      "app_machine_x unknown: app_machine_x{} 3",
      "app_plimsoll_agent_x unknown: app_plimsoll_agent_x{} 4",
      "app_nodejs_x unknown: app_nodejs_x{} 5",
      "app_up unknown: app_up{} 6",
      "app_scrape_duration_seconds unknown: app_scrape_duration_seconds{} 7",
      "app_container histogram: app_container_count{} 8",
      "upper unknown: upper{} 9",
      "go_goroutines unknown: go_goroutines{} 10",
    ]);
  });

  it("understands what OpenMetrics does otherwise", () => {
    const page = `# TYPE requests counter
# HELP requests Requests.
requests_total 3
requests_created 1
# TYPE build info
build_info{version="1"} 1
# TYPE mode stateset
mode{mode="on"} 1
# TYPE later_created gauge
later_created 1
# EOF
`;
    const exposed = read(page, 1000, "openmetrics");
    expect(told(exposed)).toEqual([
      "requests_total counter: requests_total{} 3",
      'build_info gauge: build_info{app_version="1"} 1',
      'mode gauge: mode{app_mode="on"} 1',
      "later_created gauge: later_created{} 1",
    ]);
    expect(exposed.families[0]?.help).toBe("Requests.");
  });

  it("has no series twice, none too long, and counts what is left out", () => {
    const page = `a{x="1",y="2"} 1
a{y="2",x="1"} 2
${"n".repeat(201)} 1
b{x="${"v".repeat(1025)}"} 1
c{${Array.from({ length: 33 }, (_, index) => `l${index}=""`).join(",")}} 1
# TYPE app_up gauge
app_up{z="1"} 1
up 1
not a line
`;
    const exposed = read(page);
    expect(told(exposed)).toEqual([
      'a unknown: a{app_x="1",app_y="2"} 1',
      'app_up gauge: app_up{app_z="1"} 1',
    ]);
    expect(Object.fromEntries(exposed.dropped)).toEqual({
      duplicate: 1,
      too_long: 3,
      type: 1,
      malformed: 1,
    });
  });

  it("leaves out whole families where there are too many series", () => {
    const exposed = read('a 1\nb{x="1"} 1\nb{x="2"} 1\nb{x="3"} 1\nc 1\n', 3);
    expect(exposed.families.map(({ name }) => name)).toEqual(["a", "c"]);
    expect(exposed.dropped.get("limit")).toBe(3);
  });

  it("is bounded and free of doubles whatever stands there", () => {
    const word = fc.constantFrom("a", "a_total", "a_count", "up", "app_up", "process_x", "le");
    const line = fc.oneof(
      fc
        .tuple(word, fc.constantFrom("counter", "gauge", "histogram", "info"))
        .map(([name, type]) => `# TYPE ${name} ${type}`),
      fc
        .tuple(word, word, fc.nat(2))
        .map(([name, label, value]) => `${name}{${label}="${value}"} 1`),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    const format = fc.constantFrom<ExpositionFormat>("prometheus", "openmetrics");
    fc.assert(
      fc.property(fc.array(line), format, fc.nat(20), (lines, of, most) => {
        const { families } = read(`${lines.join("\n")}\n`, most, of);
        const series = families.flatMap((family) => family.series);
        expect(series.length).toBeLessThanOrEqual(most);
        const identities = series.map(({ name, labels }) => `${name}{${labels}}`);
        expect(new Set(identities).size).toBe(identities.length);
        const names = families.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(names.filter((name) => /^(?:up$|process_)/.test(name))).toEqual([]);
      }),
    );
  });
});
