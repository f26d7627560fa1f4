// The suite as it lies on disk: its tests, its programs, and what other caches made of it.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What a test asks: what HTTP demands of a cache, what a good one does as well, or what one does that may do either. */
export type Kind = "required" | "optimal" | "check";

export interface SuiteTest {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
}

/** Of each test that was run, by its id: that it passed, or the kind of its failure and what was wrong. */
export type Results = Readonly<Record<string, true | readonly [kind: string, reason: string]>>;

/** A cache that was measured, and what came of it. */
export interface Implementation {
  readonly name: string;
  readonly results: Results;
}

export interface Suite {
  /** Name and version, or where it lies. */
  readonly title: string;
  /** Whether it is the one that this package installs. */
  readonly isPackaged: boolean;
  /** Where its `cli.mjs` and `server/` are. */
  readonly programs: string;
  /** Those that a proxy is asked. */
  readonly tests: readonly SuiteTest[];
  readonly others: readonly Implementation[];
}

const PACKAGED = fileURLToPath(new URL("node_modules/http-cache-tests/", import.meta.url));

/** The files of the results that this project compares itself with. */
const OTHERS = ["nginx.json", "varnish.json", "squid.json", "trafficserver.json", "apache.json"];

interface WrittenTest {
  readonly id: string;
  readonly name: string;
  readonly kind?: Kind;
  readonly browser_only?: boolean;
}

interface Group {
  readonly tests: readonly WrittenTest[];
}

interface Listed {
  readonly file: string;
  readonly name: string;
  readonly version: string;
}

/** @param directory a checkout of the suite's repository with its dependencies installed; default: the packaged one */
export async function loadSuite(directory: string = PACKAGED): Promise<Suite> {
  const isPackaged = directory === PACKAGED;
  if (!existsSync(join(directory, "tests/index.mjs"))) {
    const hint = isPackaged
      ? "npm --prefix test/conformance ci"
      : "--suite must be a checkout of the suite's repository";
    throw new Error(`${directory} must hold tests/index.mjs, and does not: ${hint}`);
  }
  const programs = existsSync(join(directory, "test-engine")) ? join(directory, "test-engine") : directory;
  const groups = [...(await load<Group[]>(directory, "tests/index.mjs"))];
  // The program adds these by itself where they are.
  const added = "tests/surrogate-control.mjs";
  if (existsSync(join(directory, added))) groups.push(await load<Group>(directory, added));
  return {
    title: isPackaged ? await titleOf(directory) : directory,
    isPackaged,
    programs,
    tests: groups.flatMap(({ tests }) => tests.filter((one) => one.browser_only !== true)).map(asTest),
    others: await othersOf(directory),
  };
}

async function titleOf(directory: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as Listed;
  return `${name} ${version}`;
}

function asTest({ id, name, kind = "required" }: WrittenTest): SuiteTest {
  return { id, name, kind };
}

async function othersOf(directory: string): Promise<Implementation[]> {
  const listed = await load<Listed[]>(directory, "results/index.mjs");
  const wanted = listed.filter(({ file }) => OTHERS.includes(file));
  return Promise.all(
    wanted.map(async ({ file, name, version }) => {
      const results = JSON.parse(await readFile(join(directory, "results", file), "utf8")) as Results;
      return { name: `${name} ${version}`, results };
    }),
  );
}

async function load<T>(directory: string, file: string): Promise<T> {
  const module = (await import(pathToFileURL(join(directory, file)).href)) as { default: T };
  return module.default;
}
