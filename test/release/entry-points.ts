// The entry points of the package, as package.json exports them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly types: string;
  /** Where compilers look that do not know `exports`. */
  readonly typesVersions: Readonly<Record<"*", Readonly<Record<string, readonly string[]>>>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

export const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Manifest;

export interface EntryPoint {
  /** As a user imports it: `freshtier/decorators`. */
  readonly specifier: string;
  /** Its declarations: `./dist/decorators/index.d.ts`. */
  readonly types: string;
  /** What it is made from: `src/decorators/index.ts`. */
  readonly source: string;
}

/** Every export that is code. */
export const entryPoints: readonly EntryPoint[] = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [entryPoint(path, target.types)],
);

function entryPoint(path: string, types: string): EntryPoint {
  const source = types.replace("./dist/", "src/").replace(".d.ts", ".ts");
  return { specifier: manifest.name + path.slice(1), types, source };
}
