// The tables of variables in docs/environment.md: they name what the code knows, and their defaults and examples are true.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VARIABLE_NAMES } from "../../src/environment/variables.ts";
import { effective } from "./effective.ts";

interface Row {
  readonly variable: string;
  readonly defaultText: string;
  readonly example: string;
}

const page = readFileSync(new URL("../../docs/environment.md", import.meta.url), "utf8");

const ROWS: readonly Row[] = [...page.matchAll(/^\| `(CACHE_\w+)` +\| (.*?) +\| (.*?) +\| .* \|$/gm)].map(
  ([, variable = "", defaultText = "", example = ""]) => ({ variable, defaultText, example }),
);

/** What stands between backticks, if that is all there is. */
const literal = (cell: string): string | undefined => /^`([^`]*)`$/.exec(cell)?.[1];

/** An environment in which the variable counts. */
function baseOf(variable: string): Readonly<Record<string, string>> {
  return { CACHE_L2_BACKEND: variable.includes("SQLITE") ? "sqlite" : "redis" };
}

test("names exactly the variables that the code knows, in its order", () => {
  expect(ROWS.map(({ variable }) => variable)).toEqual(VARIABLE_NAMES.map((name) => `CACHE_${name}`));
});

test("describes only those defaults in words that depend on other variables", () => {
  const inWords = ROWS.filter(({ defaultText }) => literal(defaultText) === undefined && defaultText !== "none");
  expect(inWords.map(({ variable }) => variable)).toEqual(["CACHE_L2_ENABLED", "CACHE_L2_BACKEND"]);
});

const LITERAL = ROWS.filter(({ defaultText }) => literal(defaultText) !== undefined);

test.each(LITERAL)("$variable: $defaultText changes nothing", async ({ variable, defaultText }) => {
  const base = baseOf(variable);
  expect(await effective({ ...base, [variable]: literal(defaultText) as string })).toEqual(await effective(base));
});

test.each(ROWS)("$variable: $example is taken, and changes something", async ({ variable, example }) => {
  // What says that there is a second tier is compared with there being none.
  const base = ["CACHE_L2_ENABLED", "CACHE_L2_BACKEND"].includes(variable) ? {} : baseOf(variable);
  expect(literal(example)).toBeDefined();
  const said = await effective({ ...base, [variable]: literal(example) as string });
  expect(said).not.toEqual(await effective(base));
});
