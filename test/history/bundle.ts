// Builds the package, with some of its text replaced, and the worker, into a folder that worker processes import.

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleSources, SRC, type Edit } from "../support/bundle.ts";

/** Files of the package and of its shared tiers. */
export interface Modules {
  readonly index: string;
  readonly redis: string;
  readonly sqlite: string;
}

const MODULES: Modules = {
  index: join(SRC, "index.ts"),
  redis: join(SRC, "redis/index.ts"),
  sqlite: join(SRC, "sqlite/index.ts"),
};
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const VANDAL = fileURLToPath(new URL("vandal-program.ts", import.meta.url));

/** Where the parts lie. */
export interface Bundle {
  readonly cacheUrl: string;
  readonly tierUrls: Readonly<Record<"redis" | "sqlite", string>>;
  readonly workerFile: string;
  readonly vandalFile: string;
  remove(): Promise<void>;
}

/** Builds. @throws Error when the text of an edit is not found exactly once: then the source has changed */
export async function buildBundle(edits: readonly Edit[] = [], modules: Modules = MODULES): Promise<Bundle> {
  const { fileOf, remove } = await bundleSources({ ...modules, worker: WORKER, vandal: VANDAL }, edits);
  const urlOf = (name: string): string => pathToFileURL(fileOf(name)).href;
  return {
    cacheUrl: urlOf("index"),
    tierUrls: { redis: urlOf("redis"), sqlite: urlOf("sqlite") },
    workerFile: fileOf("worker"),
    vandalFile: fileOf("vandal"),
    remove,
  };
}
