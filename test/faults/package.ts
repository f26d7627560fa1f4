// Builds what these tests run in other processes; and, to try whether they can fail, the package without a mechanism.

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as freshtier from "../../src/index.ts";
import type * as redis from "../../src/redis/index.ts";
import { bundleSources, SRC, type Bundle } from "../support/bundle.ts";
import { editsOf } from "./mutants.ts";

const PEER = fileURLToPath(new URL("peer-program.ts", import.meta.url));

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
  const entryPoints = { main: join(SRC, "index.ts"), redis: join(SRC, "redis/index.ts"), peer: PEER };
  const bundle = await bundleSources(entryPoints, editsOf(without));
  const found = without === undefined ? await loadSources() : await loadFrom(bundle);
  return { package: found, peerFile: bundle.fileOf("peer"), remove: () => bundle.remove() };
}

async function loadSources(): Promise<Package> {
  return { main: await import("../../src/index.ts"), redis: await import("../../src/redis/index.ts") };
}

async function loadFrom({ fileOf }: Bundle): Promise<Package> {
  const load = (name: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(fileOf(name)).href);
  return { main: (await load("main")) as Package["main"], redis: (await load("redis")) as Package["redis"] };
}
