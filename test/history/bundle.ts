// Builds the package, with some of its text replaced, and the worker, into a folder that worker processes import.

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import type { Edit } from "../interleaving/bundle.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
/** Files of the package and of its Redis tier. */
export interface Modules {
  readonly index: string;
  readonly redis: string;
}

const MODULES: Modules = { index: join(SRC, "index.ts"), redis: join(SRC, "redis/index.ts") };
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
/** Inside the package, so that its dependencies are found from there. */
const PLACE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));

/** Where the parts lie. */
export interface Bundle {
  readonly cacheUrl: string;
  readonly redisUrl: string;
  readonly workerFile: string;
  remove(): Promise<void>;
}

/** Builds. @throws Error when the text of an edit is not found exactly once: then the source has changed */
export async function buildBundle(edits: readonly Edit[] = [], modules: Modules = MODULES): Promise<Bundle> {
  await mkdir(PLACE, { recursive: true });
  const folder = await mkdtemp(join(PLACE, "freshtier-history-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await build({
      entryPoints: { ...modules, worker: WORKER },
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
  } catch (error) {
    await remove();
    throw error;
  }
  const urlOf = (name: string): string => pathToFileURL(join(folder, name)).href;
  return {
    cacheUrl: urlOf("index.mjs"),
    redisUrl: urlOf("redis.mjs"),
    workerFile: join(folder, "worker.mjs"),
    remove,
  };
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
