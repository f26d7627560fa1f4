// The Redis tier as a user has it who installed another version of ioredis beside it: a package of its own, loaded by Node.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { redisTier } from "../../src/redis/options.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What the package exports. */
export interface RedisPackage {
  readonly redisTier: typeof redisTier;
  /** Removes it from the disk. */
  remove(): void;
}

/** Builds the package into a project whose `ioredis` is one of our own dependencies, called `installedAs` there. */
export async function packageBeside(installedAs: string): Promise<RedisPackage> {
  const project = mkdtempSync(join(tmpdir(), "freshtier-package-"));
  const packages = join(project, "node_modules");
  const file = join(packages, "freshtier", "redis.mjs");
  mkdirSync(dirname(file), { recursive: true });
  symlinkSync(join(ROOT, "node_modules", installedAs), join(packages, "ioredis"));
  await build({
    entryPoints: [join(ROOT, "src/redis/index.ts")],
    outfile: file,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  const exported = (await import(pathToFileURL(file).href)) as Pick<RedisPackage, "redisTier">;
  return { redisTier: exported.redisTier, remove: () => rmSync(project, { recursive: true, force: true }) };
}
