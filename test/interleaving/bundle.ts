// Builds the sources into one module, with some of their text replaced, and loads it.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type * as freshtier from "../../src/index.ts";
import { editing, SRC, type Edit } from "../support/bundle.ts";

/** The package under test: the sources, or a bundle made of them. */
export type Package = typeof freshtier;

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
