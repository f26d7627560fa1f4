// Tables of the pages for users say what the code does, and one figure is the same wherever it stands.

import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../src/options.ts";
import { rowsOf } from "./pages.ts";

/** The options that a table names, and the default beside them, without backticks. */
function defaultsOn(page: string): ReadonlyMap<string, string> {
  const rows = rowsOf(page).filter(([, , value]) => value !== undefined);
  return new Map(rows.map(([name = "", , value = ""]) => [name.replaceAll("`", ""), value.replaceAll(/["`,]/g, "")]));
}

/** Milliseconds as the tables write them. */
function spanOf(ms: number): string {
  if (ms >= 60_000) return `${ms / 60_000} min`;
  return ms === 0 ? "0" : `${ms / 1_000} s`;
}

const { ttl, staleWhileRevalidate, staleIfError, jitter, backgroundRefresh, enabled, isolation } = DEFAULTS;
const { maxKeyLength, trackAccess, enableStats, refreshConcurrency, refreshQueue, refreshTimeout } = DEFAULTS;

const OF_CALLS: readonly (readonly [string, string])[] = [
  ["ttl", spanOf(ttl)],
  ["staleWhileRevalidate", spanOf(staleWhileRevalidate)],
  ["staleIfError", spanOf(staleIfError)],
  ["jitter", String(jitter)],
];

const CASES: readonly (readonly [string, string, string])[] = [
  ...["README.md", "docs/reading.md"].flatMap((page) =>
    OF_CALLS.map(([option, value]) => [page, option, value] as const),
  ),
  ["docs/reading.md", "backgroundRefresh", String(backgroundRefresh)],
  ...[
    ["name", DEFAULTS.name],
    ["enabled", String(enabled)],
    ["isolation", isolation],
    ["maxKeyLength", String(maxKeyLength)],
    ["trackAccess", String(trackAccess)],
    ["enableStats", String(enableStats)],
    ["refreshConcurrency", String(refreshConcurrency)],
    ["refreshQueue", String(refreshQueue)],
    ["refreshTimeout", spanOf(refreshTimeout)],
    ["closeTimeout", spanOf(DEFAULTS.closeTimeout)],
  ].map(([option = "", value = ""]) => ["docs/running.md", option, value] as const),
];

test.each(CASES)("%s gives the default of %s, %s", (page, option, value) => {
  expect(defaultsOn(page).get(option)).toBe(value);
});

describe("the figures of the README", () => {
  const inFull = new Map(rowsOf("docs/benchmarks.md").map(([name = "", ...cells]) => [name, cells]));
  const summary = rowsOf("README.md").filter((cells) => cells.length === 5 && cells[0]?.startsWith("`"));

  test.each(summary)("of %s are those of docs/benchmarks.md", (name = "", _what, ours, rival, rivalName) => {
    const full = inFull.get(name) ?? [];
    expect(full[0]).toBe(ours);
    const at = full.indexOf(rivalName ?? "");
    expect(full.slice(at === -1 ? 0 : rival === "" ? at : at - 1, at + 1)).toEqual(
      rival === "" ? [""] : [rival, rivalName],
    );
  });

  test("are a dozen or so", () => {
    expect(summary.length).toBeGreaterThan(9);
  });
});
