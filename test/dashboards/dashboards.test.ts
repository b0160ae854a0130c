import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { dashboardFiles } from "../../dashboards/files.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const FOLDER = path.join(ROOT, "dashboards/grafana");
const files = dashboardFiles();

interface Target {
  readonly expr?: string;
  readonly query?: string;
  readonly datasource: unknown;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly Target[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
}

interface Parsed {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { name: string; query?: string }[] };
  readonly annotations: { readonly list?: readonly { expr: string }[] };
}

const parsed: readonly (readonly [name: string, dashboard: Parsed])[] = Object.entries(files).map(
  ([name, text]) => [name, JSON.parse(text)],
);

function panelsOf({ panels }: Parsed): readonly Panel[] {
  return panels.filter(({ type }) => type !== "row");
}

/** Everything that a store is asked. */
function queriesOf(dashboard: Parsed): string[] {
  return [
    ...panelsOf(dashboard).flatMap(({ targets = [] }) =>
      targets.map(({ expr, query }) => expr ?? query ?? ""),
    ),
    ...dashboard.templating.list.map(({ query = "" }) => query),
    ...(dashboard.annotations.list ?? []).map(({ expr }) => expr),
  ];
}

describe("the dashboards", () => {
  it.each(Object.keys(files))(
    "has %s as its source makes it; `npm run dashboards` writes it",
    (name) => {
      expect(readFileSync(path.join(FOLDER, name), "utf8")).toBe(files[name]);
    },
  );

  it("has no file that no source makes", () => {
    const committed = readdirSync(FOLDER).flatMap((store) =>
      readdirSync(path.join(FOLDER, store)).map((file) => `${store}/${file}`),
    );
    expect(committed.toSorted()).toEqual(Object.keys(files).toSorted());
  });

  it("keeps its uids, as links and bookmarks hold them", () => {
    expect(parsed.map(([, { uid }]) => uid)).toEqual([
      "plimsoll-fleet",
      "plimsoll-node",
      "plimsoll-container",
      "plimsoll-groups",
      "plimsoll-swarm",
      "plimsoll-kubernetes-cluster",
      "plimsoll-kubernetes-pods",
      "plimsoll-events",
      "plimsoll-noisy-neighbours",
      "plimsoll-itself",
      "plimsoll-influxdb-fleet",
      "plimsoll-influxdb-node",
      "plimsoll-influxdb-container",
      "plimsoll-influxdb-kubernetes-cluster",
      "plimsoll-influxdb-kubernetes-pods",
    ]);
  });

  describe.each(parsed)("%s", (name, dashboard) => {
    it("says of each panel what it shows, in which unit", () => {
      for (const { title, description, fieldConfig } of panelsOf(dashboard)) {
        expect([title, description, fieldConfig.defaults.unit], title).not.toContain(undefined);
        expect(description, title).toMatch(/\.$/);
      }
    });

    it("asks only the store that was chosen", () => {
      const type = name.startsWith("influxdb/") ? "influxdb" : "prometheus";
      for (const { targets = [] } of panelsOf(dashboard)) {
        for (const target of targets) {
          expect(target.datasource).toEqual({ type, uid: "${datasource}" });
        }
      }
    });

    it("names no machine, and no variable that is not there", () => {
      const known = new Set(["timeFilter", "__interval", "__rate_interval", "__range"]);
      for (const { name: variable } of dashboard.templating.list) known.add(variable);
      for (const query of queriesOf(dashboard)) {
        expect(query).not.toMatch(/localhost|\d+\.\d+\.\d+\.\d+|:\d{4}/);
        const used = [...query.matchAll(/\$(\w+)/g)].map((match) => match[1] ?? "");
        expect(
          used.filter((variable) => !known.has(variable)),
          query,
        ).toEqual([]);
      }
    });

    it("has room for each panel", () => {
      const ids = dashboard.panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const cells = new Set<string>();
      for (const { gridPos, title } of dashboard.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(cells.has(`${x},${y}`), title).toBe(false);
            cells.add(`${x},${y}`);
          }
        }
      }
    });

    it("limits its tables", () => {
      for (const { type, targets = [], title } of panelsOf(dashboard)) {
        if (type !== "table") continue;
        for (const { expr } of targets) expect(expr, title).toMatch(/topk\(50, /);
      }
    });
  });
});

interface Rule {
  readonly alert: string;
  readonly annotations: { readonly runbook: string; readonly summary: string };
}

function read(file: string): unknown {
  return parse(readFileSync(path.join(ROOT, file), "utf8"));
}

describe("the alerts", () => {
  const { groups } = read("dashboards/rules/alerts.yaml") as { groups: { rules: Rule[] }[] };
  const alerts = groups.flatMap(({ rules }) => rules);
  const cases = read("test/dashboards/alerts.promtool.yaml") as { tests: { name: string }[] };
  const names = cases.tests.map(({ name }) => name);

  it.each(alerts.map(({ alert, annotations }) => [alert, annotations] as const))(
    "has a page for %s, a case in which it fires, and one in which it stays silent",
    (alert, { runbook }) => {
      const kebab = alert.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
      expect(runbook).toBe(`docs/runbooks/${kebab}.md`);
      expect(existsSync(path.join(ROOT, runbook))).toBe(true);
      expect(names.filter((name) => name.startsWith(`${alert} fires`))).not.toEqual([]);
      expect(names.filter((name) => name.startsWith(`${alert} stays silent`))).not.toEqual([]);
    },
  );

  it("has no page without an alert", () => {
    const pages = readdirSync(path.join(ROOT, "docs/runbooks"));
    const linked = alerts.map(({ annotations }) => path.basename(annotations.runbook));
    expect(pages.toSorted()).toEqual([...new Set(linked)].toSorted());
  });
});
