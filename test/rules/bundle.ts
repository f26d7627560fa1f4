// The package under test, from the sources or built with some of their text replaced, with the scripts it sends.

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import * as main from "../../src/index.ts";
import * as redis from "../../src/redis/index.ts";
import * as epochs from "../../src/redis/epoch-scripts.ts";
import * as leases from "../../src/redis/lease-scripts.ts";
import * as writes from "../../src/redis/write-scripts.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
/** Inside the package, so that its dependencies are found from there. */
const PLACE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const ENTRIES = {
  main: "index.ts",
  redis: "redis/index.ts",
  epochs: "redis/epoch-scripts.ts",
  leases: "redis/lease-scripts.ts",
  writes: "redis/write-scripts.ts",
} as const;

/** The package under test: the sources, or a bundle made of them. */
export type Package = typeof main & typeof redis & { readonly scripts: typeof SCRIPTS };

/** One text of one file of src, and another in its place. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const SCRIPTS = { ...epochs, ...leases, ...writes };

/** The sources as they are. */
export const SOURCES: Package = { ...main, ...redis, scripts: SCRIPTS };

const folders: string[] = [];

/**
 * The package with some edits, until {@link removeBundles}.
 * @throws Error when a text is not found exactly once: then the source has changed
 */
export async function loadBundle(edits: readonly Edit[]): Promise<Package> {
  await mkdir(PLACE, { recursive: true });
  const folder = await mkdtemp(join(PLACE, "freshtier-rules-"));
  folders.push(folder);
  await build({
    entryPoints: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(SRC, file)])),
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20.19",
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
    plugins: [editing(edits)],
  });
  const load = async (name: keyof typeof ENTRIES): Promise<object> =>
    (await import(/* @vite-ignore */ pathToFileURL(join(folder, `${name}.mjs`)).href)) as object;
  const scripts = Object.assign({}, ...(await Promise.all([load("epochs"), load("leases"), load("writes")])));
  return Object.assign({}, await load("main"), await load("redis"), { scripts }) as Package;
}

/** Removes all bundles. What they load when they need it first cannot be loaded any more. */
export async function removeBundles(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

function editing(edits: readonly Edit[]): Plugin {
  return {
    name: "editing",
    async setup({ onLoad }) {
      const contents = new Map<string, string>();
      for (const { file, find, replace } of edits) {
        const path = join(SRC, file);
        const text = contents.get(path) ?? (await readFile(path, "utf8"));
        const found = text.split(find).length - 1;
        if (found !== 1) throw new Error(`found ${found} times instead of once in ${file}: ${find}`);
        contents.set(
          path,
          text.replace(find, () => replace),
        );
      }
      onLoad({ filter: /[.]ts$/ }, ({ path }) => {
        const text = contents.get(path);
        return text === undefined ? undefined : { contents: text, loader: "ts" };
      });
    },
  };
}
