// What processes wrote when they ended is added up, script by script.

import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { coverageOfProcesses } from "../support/coverage-of-processes/processes.ts";
import type { FileCounts } from "../support/coverage-of-processes/raise.ts";

const SOURCE = `// The first line is a comment.
export function twice(argument: string): string {
  const half = argument ?? "nothing";
  if (half === "") return "empty";
  return half + half;
}

for (const argument of process.argv.slice(2)) twice(argument);
`;
const [IF, EMPTY, TWICE] = [4, 4, 5];

let folder = "";

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "freshtier-coverage-")));
  await mkdir(join(folder, "src"));
  await writeFile(join(folder, "src/program.ts"), SOURCE);
  const into = join(folder, "bundles/one");
  await build({
    entryPoints: [join(folder, "src/program.ts")],
    outdir: into,
    bundle: true,
    format: "esm",
    outExtension: { ".js": ".mjs" },
    sourcemap: "external",
  });
  await cp(into, join(folder, "bundles/other"), { recursive: true });
  await cp(into, join(folder, "elsewhere"), { recursive: true });
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs programs, each with its arguments, and adds up. */
async function run(
  ...programs: readonly (readonly [file: string, ...args: readonly string[]])[]
): Promise<FileCounts[]> {
  const raw = await mkdtemp(join(folder, "raw-"));
  for (const [file, ...args] of programs) {
    const { status } = spawnSync(process.execPath, [join(folder, file), ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: raw },
      stdio: "inherit",
    });
    expect(status).toBe(0);
  }
  await writeFile(join(raw, "coverage-of-one-that-was-killed.json"), '{"result":[{"url":"fi');
  return coverageOfProcesses(raw, [join(folder, "bundles")]);
}

function countOf({ statementMap, s }: FileCounts, line: number, nth = 0): number | undefined {
  const ids = Object.keys(statementMap).filter((id) => statementMap[id]!.start.line === line);
  return s[ids[nth]!];
}

test("several processes count together, also when each has a copy of the script for itself", async () => {
  const files = await run(["bundles/one/program.mjs", "a", "b"], ["bundles/other/program.mjs", "c", ""]);
  expect(files).toHaveLength(1);
  const [file] = files as [FileCounts];
  expect(file.path).toBe(join(folder, "src/program.ts"));
  expect(Object.values(file.f)).toEqual([4]);
  expect(countOf(file, IF)).toBe(4);
  expect(countOf(file, EMPTY, 1)).toBe(1);
  expect(countOf(file, TWICE)).toBe(3);
});

test("what has not been executed counts nothing", async () => {
  const [file] = (await run(["bundles/one/program.mjs", "a"])) as [FileCounts];
  expect(countOf(file, IF)).toBe(1);
  expect(countOf(file, EMPTY, 1)).toBe(0);
  const arms = Object.values(file.branchMap).map(({ type }, index) => [type, file.b[index]]);
  expect(arms).toEqual([
    ["binary-expr", [1, 0]],
    ["if", [0, 1]],
  ]);
});

test("scripts outside the folders, and those without a source map, do not count", async () => {
  expect(await run(["elsewhere/program.mjs", "a"])).toEqual([]);
  await cp(join(folder, "elsewhere/program.mjs"), join(folder, "bundles/without-map.mjs"));
  expect(await run(["bundles/without-map.mjs", "a"])).toEqual([]);
});
