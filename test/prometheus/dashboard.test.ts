// The dashboard and the alerts: every query is valid, and names metrics that exist.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { METRICS } from "../../src/prometheus/metrics.ts";
import { checkRules, ensurePromtool } from "./promtool.ts";

const FOLDER = new URL("../../examples/observability/", import.meta.url);

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: unknown }[] };
}

const dashboard = JSON.parse(readFileSync(new URL("dashboard.json", FOLDER), "utf8")) as Dashboard;
const alerts = readFileSync(new URL("alerts.yml", FOLDER), "utf8");
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

const EXPORTED = new Set(
  METRICS.flatMap(({ name, type }) =>
    type === "histogram"
      ? ["_bucket", "_sum", "_count"].map((suffix) => `freshtier_${name}${suffix}`)
      : [`freshtier_${name}`],
  ),
);
const isExported = (name: string): boolean => EXPORTED.has(name);
const namesIn = (text: string): string[] => text.match(/\bfreshtier_\w+/g) ?? [];

beforeAll(ensurePromtool, 300_000);

describe("the dashboard", () => {
  test("asks for metrics that exist, in every query", () => {
    const wrong = queries.filter((expr) => namesIn(expr).length === 0 || !namesIn(expr).every(isExported));
    expect(wrong).toEqual([]);
    expect(namesIn(JSON.stringify(dashboard.templating)).filter((name) => !isExported(name))).toEqual([]);
  });

  test("shows every metric", () => {
    const shown = new Set(queries.flatMap(namesIn));
    for (const { name, type } of METRICS) {
      expect(shown).toContain(type === "histogram" ? `freshtier_${name}_bucket` : `freshtier_${name}`);
    }
  });

  test("has queries that Prometheus can parse", () => {
    const filled = queries.map((expr) => expr.replaceAll("$__rate_interval", "5m").replaceAll("$cache", ".*"));
    const rulesOf = (all: readonly string[]): string =>
      JSON.stringify({ groups: [{ name: "all", rules: all.map((expr, index) => ({ record: `q:${index}`, expr })) }] });
    expect(checkRules(rulesOf(filled))).toBe("");
    expect(checkRules(rulesOf([`${filled[0]})`]))).not.toBe("");
  });

  test("says of each panel what it shows", () => {
    const panels = dashboard.panels.filter(({ targets }) => targets !== undefined);
    expect(panels.filter(({ description }) => description?.endsWith(".") !== true)).toEqual([]);
  });
});

test("the alerts are valid rules of metrics that exist", () => {
  expect(checkRules(alerts)).toBe("");
  expect(namesIn(alerts).filter((name) => !isExported(name))).toEqual([]);
});
