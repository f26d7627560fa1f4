// The package under test, from the sources or built with some of their text replaced, with the scripts it sends.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as main from "../../src/index.ts";
import * as redis from "../../src/redis/index.ts";
import * as epochs from "../../src/redis/epoch-scripts.ts";
import * as leases from "../../src/redis/lease-scripts.ts";
import * as writes from "../../src/redis/write-scripts.ts";
import { bundleSources, SRC, type Bundle, type Edit } from "../support/bundle.ts";

const ENTRIES = {
  main: "index.ts",
  redis: "redis/index.ts",
  epochs: "redis/epoch-scripts.ts",
  leases: "redis/lease-scripts.ts",
  writes: "redis/write-scripts.ts",
} as const;

/** The package under test: the sources, or a bundle made of them. */
export type Package = typeof main & typeof redis & { readonly scripts: typeof SCRIPTS };

const SCRIPTS = { ...epochs, ...leases, ...writes };

/** The sources as they are. */
export const SOURCES: Package = { ...main, ...redis, scripts: SCRIPTS };

const bundles: Bundle[] = [];

/**
 * The package with some edits, until {@link removeBundles}.
 * @throws Error when a text is not found exactly once: then the source has changed
 */
export async function loadBundle(edits: readonly Edit[]): Promise<Package> {
  const entryPoints = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(SRC, file)]));
  const bundle = await bundleSources(entryPoints, edits);
  bundles.push(bundle);
  const load = async (name: keyof typeof ENTRIES): Promise<object> =>
    (await import(/* @vite-ignore */ pathToFileURL(bundle.fileOf(name)).href)) as object;
  const scripts = Object.assign({}, ...(await Promise.all([load("epochs"), load("leases"), load("writes")])));
  return Object.assign({}, await load("main"), await load("redis"), { scripts }) as Package;
}

/** Removes all bundles. What they load when they need it first cannot be loaded any more. */
export async function removeBundles(): Promise<void> {
  await Promise.all(bundles.splice(0).map((bundle) => bundle.remove()));
}
