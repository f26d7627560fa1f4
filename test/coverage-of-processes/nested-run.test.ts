// What a process executes of the sources counts as if a test had executed it; what one executes of other sources does not.

import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { FileCounts } from "../support/coverage-of-processes/raise.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache");
const GLOB = join(ROOT, "src/model/glob.ts");

/** Of the file of which both execute a part: one line of each, and the branch that leads from one to the other. */
interface Counts {
  readonly inTheTest: number;
  readonly inTheProcess: number;
  readonly branch: readonly number[];
}

const TIMEOUT = { timeout: 90_000 };

test("a line that only a process executes counts", TIMEOUT, async () => {
  const { inTheTest, inTheProcess, branch } = await measure("as it is");
  expect(inTheTest).toBeGreaterThan(0);
  expect(inTheProcess).toBeGreaterThan(0);
  expect(branch).toEqual([expect.toSatisfy(isHit), expect.toSatisfy(isHit)]);
});

test("a line that only an edited package executes does not", TIMEOUT, async () => {
  const { inTheTest, inTheProcess, branch } = await measure("edited");
  expect(inTheTest).toBeGreaterThan(0);
  expect(inTheProcess).toBe(0);
  expect(branch).toEqual([0, expect.toSatisfy(isHit)]);
});

function isHit(count: number): boolean {
  return count > 0;
}

/** Runs the nested tests. */
async function measure(how: string): Promise<Counts> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "freshtier-nested-"));
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        join(ROOT, "node_modules/vitest/vitest.mjs"),
        ...["run", "--config", "test/coverage-of-processes/nested/vitest.config.ts"],
        ...["--coverage.enabled", `--coverage.reportsDirectory=${folder}`],
      ],
      { cwd: ROOT, env: environment(how), encoding: "utf8" },
    );
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    const files = JSON.parse(await readFile(join(folder, "coverage-final.json"), "utf8")) as Record<string, FileCounts>;
    return await countsOf(files[GLOB]!);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** That of this process, without what the run around this one has put there. */
function environment(how: string): NodeJS.ProcessEnv {
  const ours = ["FRESHTIER_COVERAGE", "NODE_V8_COVERAGE", "NODE_ENV"];
  const kept = Object.entries(process.env).filter(([name]) => !ours.includes(name) && !name.startsWith("VITEST"));
  return { ...Object.fromEntries(kept), FRESHTIER_NESTED: how };
}

async function countsOf({ statementMap, s, branchMap, b }: FileCounts): Promise<Counts> {
  const lines = (await readFile(GLOB, "utf8")).split("\n");
  const lineOf = (text: string): number => 1 + lines.findIndex((line) => line.includes(text));
  const idAt = (map: FileCounts["statementMap"], text: string): string =>
    Object.keys(map).find((id) => map[id]!.start.line === lineOf(text))!;
  const branches = Object.fromEntries(Object.entries(branchMap).map(([id, { loc }]) => [id, loc]));
  return {
    inTheTest: s[idAt(statementMap, "const tokens: Token[] = [];")]!,
    inTheProcess: s[idAt(statementMap, "readSet(pattern, at + 1);")]!,
    branch: b[idAt(branches, 'if (char === "[")')]!,
  };
}
