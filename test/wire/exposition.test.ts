import { describe, expect, it } from "vitest";

import {
  encodeHead,
  encodeLabels,
  encodeValue,
  negotiateFormat,
  sanitizeLabelName,
} from "../../wire/exposition/encode.ts";
import { encodeRegistry } from "../../wire/exposition/registry.ts";

describe("the exposition", () => {
  it("escapes quotes, backslashes and newlines", () => {
    expect(encodeLabels({ name: 'a"b\\c\nd', id: "/" })).toBe(String.raw`name="a\"b\\c\nd",id="/"`);
    expect(encodeHead({ name: "x", type: "gauge", help: "a\\b\nc" }, "prometheus")).toBe(
      "# HELP x a\\\\b\\nc\n# TYPE x gauge\n",
    );
  });

  it("names counters as each format wants them", () => {
    const counter = { name: "x_total", type: "counter", help: "X." } as const;
    expect(encodeHead(counter, "prometheus")).toContain("# TYPE x_total counter\n");
    expect(encodeHead(counter, "openmetrics")).toContain("# TYPE x counter\n");
    expect(encodeHead({ ...counter, name: "x_count" }, "openmetrics")).toContain(
      "# TYPE x_count unknown\n",
    );
  });

  it("writes numbers as Prometheus reads them", () => {
    expect([0, 1.5, 2 ** 53, 1e21, -0.25].map(encodeValue)).toEqual([
      "0",
      "1.5",
      "9007199254740992",
      "1e+21",
      "-0.25",
    ]);
    expect([Infinity, -Infinity, NaN].map(encodeValue)).toEqual(["+Inf", "-Inf", "NaN"]);
  });

  it("makes a name of any label key", () => {
    expect(sanitizeLabelName("com.docker/compose-project")).toBe("com_docker_compose_project");
  });

  it("goes by Accept", () => {
    expect(negotiateFormat(undefined)).toBe("prometheus");
    expect(negotiateFormat("text/plain;version=0.0.4;q=1,*/*;q=0.1")).toBe("prometheus");
    expect(negotiateFormat("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")).toBe(
      "openmetrics",
    );
    expect(negotiateFormat("application/openmetrics-text;q=0.2,text/plain")).toBe("prometheus");
    expect(negotiateFormat("application/openmetrics-text;q=0")).toBe("prometheus");
  });

  it("writes a registry's families, histograms too", () => {
    const families = [
      {
        name: "h",
        help: "H.",
        type: "histogram",
        values: [
          { metricName: "h_bucket", labels: { le: "+Inf", kind: "minor" }, value: 3 },
          { metricName: "h_count", labels: { kind: "minor" }, value: 3 },
        ],
      },
      { name: "empty", help: "", type: "gauge", values: [] },
    ];
    expect(encodeRegistry(families, "prometheus")).toBe(
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="+Inf",kind="minor"} 3\nh_count{kind="minor"} 3\n',
    );
  });
});
