// Builds the sources with some of their text replaced: the package without a mechanism.

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { coveragePlace } from "./coverage-of-processes/place.ts";

/** The sources of the package. */
export const SRC: string = fileURLToPath(new URL("../../src/", import.meta.url));

/** Inside the package, so that its dependencies are found from there. */
const PLACE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));

/** One text of one file of src, and another in its place. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** What has been built. */
export interface Bundle {
  /** The file of an entry point. */
  fileOf(name: string): string;
  remove(): Promise<void>;
}

/**
 * Builds entry points, which share what they have in common, into a folder of their own.
 * @param entryPoints files by name
 * @throws Error when a text is not found exactly once: then the source has changed
 */
export async function bundleSources(
  entryPoints: Readonly<Record<string, string>>,
  edits: readonly Edit[],
): Promise<Bundle> {
  // What runs the sources as they are counts as coverage, which is looked up when all tests are over.
  const measured = edits.length === 0 ? coveragePlace()?.bundles : undefined;
  const place = measured ?? PLACE;
  await mkdir(place, { recursive: true });
  const folder = await mkdtemp(join(place, "freshtier-test-"));
  const remove = async (): Promise<void> => {
    if (measured === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    await build({
      entryPoints: { ...entryPoints },
      bundle: true,
      splitting: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20.19",
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      logLevel: "silent",
      // Beside the code and not named there, so that Node does not read it.
      sourcemap: measured === undefined ? false : "external",
      plugins: [editing(edits)],
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return { fileOf: (name) => join(folder, `${name}.mjs`), remove };
}

/** Replaces texts on the way into a build. */
export function editing(edits: readonly Edit[]): Plugin {
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
