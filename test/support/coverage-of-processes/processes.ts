// What processes have executed of the sources, by the files that Node wrote when they ended.

import { readdir, readFile } from "node:fs/promises";
import type { Profiler } from "node:inspector";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { convert, type Options } from "ast-v8-to-istanbul";
import { parseAstAsync } from "vitest/node";
import type { FileCounts } from "./raise.ts";
import { Script } from "./script.ts";

/**
 * Counts of each source, several times when it is in several scripts.
 * @param raw the folder to which the processes wrote (`NODE_V8_COVERAGE`)
 * @param folders of scripts that count: each has its source map beside it. Whatever else ran does not count
 */
export async function coverageOfProcesses(raw: string, folders: readonly string[]): Promise<FileCounts[]> {
  const scripts = new Map<string, Script>();
  for (const name of await readdir(raw)) {
    for (const { url, functions } of await resultOf(join(raw, name))) {
      const file = url.startsWith("file:") ? fileURLToPath(url) : "";
      if (!folders.some((folder) => file.startsWith(folder + sep))) continue;
      (await scriptOf(file, scripts))?.add(functions);
    }
  }
  const converted: FileCounts[] = [];
  for (const script of new Set(scripts.values())) converted.push(...(await countsOf(script)));
  return converted;
}

/** Empty for a process that was killed while it wrote. */
async function resultOf(file: string): Promise<readonly Profiler.ScriptCoverage[]> {
  const text = await readFile(file, "utf8");
  try {
    return (JSON.parse(text) as { readonly result: readonly Profiler.ScriptCoverage[] }).result;
  } catch {
    return [];
  }
}

/** One for all files with the same content: every file of tests builds the same bundle for itself. */
async function scriptOf(file: string, known: Map<string, Script>): Promise<Script | undefined> {
  const script = known.get(file);
  if (script !== undefined) return script;
  const code = await readFile(file, "utf8");
  const map = await readFile(`${file}.map`, "utf8").catch(() => undefined);
  if (map === undefined) return undefined;
  const same = [...known.values()].find((other) => other.code === code);
  const found = same ?? new Script(file, code, map);
  known.set(file, found);
  return found;
}

async function countsOf(script: Script): Promise<FileCounts[]> {
  const counts = await convert({
    code: script.code,
    sourceMap: JSON.parse(script.map) as NonNullable<Options["sourceMap"]>,
    ast: (await parseAstAsync(script.code)) as Awaited<Options["ast"]>,
    coverage: { url: pathToFileURL(script.file).href, functions: script.functions() },
  });
  return Object.values(counts);
}
