// Builds what these tests run in other processes; and, to try whether they can fail, the package without a mechanism.

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import type * as freshtier from "../../src/index.ts";
import type * as redis from "../../src/redis/index.ts";
import { editsOf } from "./mutants.ts";
import type { Edit } from "./mutants.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
const PEER = fileURLToPath(new URL("peer-program.ts", import.meta.url));
/** Inside the package, so that its dependencies are found from there. */
const PLACE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));

/** The two entry points that the tests use. */
export interface Package {
  readonly main: typeof freshtier;
  readonly redis: typeof redis;
}

/** What has been built. */
export interface Built {
  readonly package: Package;
  /** The program of a peer, which imports the package beside it. */
  readonly peerFile: string;
  remove(): Promise<void>;
}

/**
 * Builds. This process runs the sources themselves, unless `FRESHTIER_WITHOUT` names a mechanism: then it runs the
 * package without that, like the peers.
 */
export async function buildPackage(without = process.env["FRESHTIER_WITHOUT"]): Promise<Built> {
  await mkdir(PLACE, { recursive: true });
  const folder = await mkdtemp(join(PLACE, "freshtier-faults-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await build({
      entryPoints: { main: join(SRC, "index.ts"), redis: join(SRC, "redis/index.ts"), peer: PEER },
      bundle: true,
      splitting: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20.19",
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      logLevel: "silent",
      plugins: [editing(editsOf(without))],
    });
    const found = without === undefined ? await loadSources() : await loadFrom(folder);
    return { package: found, peerFile: join(folder, "peer.mjs"), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function loadSources(): Promise<Package> {
  return { main: await import("../../src/index.ts"), redis: await import("../../src/redis/index.ts") };
}

async function loadFrom(folder: string): Promise<Package> {
  const load = (name: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);
  return { main: (await load("main.mjs")) as Package["main"], redis: (await load("redis.mjs")) as Package["redis"] };
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
