// Builds the sources into one module, with some of their text replaced, and loads it.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type * as freshtier from "../../src/index.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

/** The package under test: the sources, or a bundle made of them. */
export type Package = typeof freshtier;

/** One text of one file of src, and another in its place. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The package with some edits. @throws Error when a text is not found exactly once: then the source has changed */
export async function loadBundle(edits: readonly Edit[]): Promise<Package> {
  const folder = await mkdtemp(join(tmpdir(), "freshtier-"));
  try {
    const { outputFiles } = await build({
      entryPoints: [join(SRC, "index.ts")],
      bundle: true,
      format: "esm",
      platform: "node",
      write: false,
      logLevel: "silent",
      plugins: [editing(edits)],
    });
    const file = join(folder, "index.mjs");
    await writeFile(file, outputFiles[0]!.contents);
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Package;
  } finally {
    await rm(folder, { recursive: true });
  }
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
