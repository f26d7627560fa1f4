// The package as a user gets it: packed, unpacked into a node_modules of its own, loaded by plain Node.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryPoints, manifest, root } from "./entry-points.ts";

let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "freshtier-package-"));
  const modules = join(project, "node_modules");
  mkdirSync(modules);
  // The global set-up has built dist; `prepack` would build it again while other tests use it.
  npm("pack", "--ignore-scripts", "--pack-destination", project);
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz")) ?? "no tarball";
  execFileSync("tar", ["-xzf", join(project, tarball), "-C", project]);
  renameSync(join(project, "package"), join(modules, manifest.name));
  // Who imports freshtier/nestjs has NestJS, and so on.
  const peers = ["@nestjs/common", "@nestjs/core", "@opentelemetry/api", "prom-client", "rxjs"];
  const dependencies = [...Object.keys(manifest.dependencies), ...peers];
  for (const dependency of dependencies) link(dependency, modules);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the packed package", () => {
  test.each(Object.keys(manifest.exports))("resolves its export %s", (path) => {
    const specifier = manifest.name + path.slice(1);
    const resolved = JSON.parse(run(`console.log(JSON.stringify(import.meta.resolve("${specifier}")))`)) as string;
    expect(resolved).toContain(`node_modules/${manifest.name}/`);
  });

  test.each(entryPoints)("gives the same names to import and require of $specifier", ({ specifier }) => {
    const names = run(`
      import { createRequire } from "node:module";
      const imported = await import("${specifier}");
      const required = createRequire(import.meta.url)("${specifier}");
      console.log(JSON.stringify([Object.keys(imported).sort(), Object.keys(required).sort()]));
    `);
    const [imported, required] = JSON.parse(names) as [string[], string[]];
    expect(imported.length).toBeGreaterThan(0);
    expect(required).toEqual(imported);
  });

  test("loads no codec, compression or encryption through its main entry point", () => {
    const files = staticImports(`node_modules/${manifest.name}/dist/index.js`);
    expect(files.some((file) => file === "lru-cache")).toBe(true);
    expect(files).not.toContain("msgpackr");
    expect(builtInsAfter(`import "${manifest.name}";`)).toEqual([]);
    const control = staticImports(`node_modules/${manifest.name}/dist/codec/index.js`);
    expect(control).toContain("msgpackr");
    const all = ["zlib", "crypto", "v8"].map((name) => `process.getBuiltinModule("node:${name}");`).join("");
    expect(builtInsAfter(all)).toEqual(["crypto", "v8", "zlib"]);
  });

  test("loads one file of its own through its main entry point, whose number costs time", () => {
    const own = (entry: string) => staticImports(entry).filter((file) => file.startsWith("node_modules/"));
    expect(own(`node_modules/${manifest.name}/dist/index.js`)).toHaveLength(1);
    const control = own(`node_modules/${manifest.name}/dist/codec/index.js`);
    expect(control.length).toBeGreaterThan(1);
  });

  test("carries what it has taken in, and the licences of that", () => {
    expect(staticImports(`node_modules/${manifest.name}/dist/index.js`)).not.toContain("p-limit");
    const licences = readFileSync(join(project, "node_modules", manifest.name, "dist/THIRD-PARTY.txt"), "utf8");
    for (const name of ["p-limit", "yocto-queue"]) {
      expect(licences).toMatch(new RegExp(`${name}\\n\\nMIT License`));
      expect(manifest.dependencies).not.toHaveProperty(name);
    }
  });

  test("loads neither reflect-metadata nor SQLite through its main entry point", () => {
    expect(loadedAfter(`import "${manifest.name}";`)).toEqual({ reflectMetadata: false, sqlite: false });
    const control = `import "reflect-metadata"; process.getBuiltinModule("node:sqlite");`;
    expect(loadedAfter(control)).toEqual({ reflectMetadata: true, sqlite: isBuiltin("node:sqlite") });
  });

  test("makes a cache from the environment, and loads what that asks for, once", () => {
    const env = "{ CACHE_REDIS_HOST: '127.0.0.1', CACHE_REDIS_PORT: '1' }";
    // No ioredis is installed here: it is missed by the first command, and not before.
    const printed = run(`
      import { cacheFromEnv, CacheError } from "${manifest.name}";
      const plain = await cacheFromEnv({ env: {} });
      await plain.set("k", "v");
      const refused = await cacheFromEnv({ env: { CACHE_TTL: "soon" } }).catch((error) => error);
      const redis = await cacheFromEnv({ env: ${env} });
      const failures = [];
      redis.on("tierError", ({ error }) => failures.push(error));
      await redis.get("k", () => "v");
      const { redisTier } = await import("${manifest.name}/redis");
      let misuse;
      try { redisTier({ url: "http://h" }).prepare("tiers[0]"); } catch (error) { misuse = error; }
      const { reasons } = await redis.health();
      console.log(JSON.stringify({
        value: await plain.get("k"),
        same: [refused, misuse, failures[0]].map((error) => error instanceof CacheError),
        reasons: reasons.join(),
        missing: failures[0].message,
      }));
      await redis.close();
      await plain.close();
    `);
    const told = JSON.parse(printed) as { value: string; same: boolean[]; reasons: string; missing: string };
    expect(told.value).toBe("v");
    expect(told.same).toEqual([true, true, true]);
    const what = "redis needs the package ioredis (npm install ioredis)";
    expect(told.reasons).toContain(what);
    expect(told.missing).toContain(what);
  });

  test("loads neither Redis nor SQLite before the environment asks for it", () => {
    const files = staticImports(`node_modules/${manifest.name}/dist/index.js`);
    expect(files.filter((file) => /\/(redis|sqlite)\//.test(file))).toEqual([]);
    const made = (env: string): string[] =>
      builtInsAfter(`const { cacheFromEnv } = await import("${manifest.name}"); const cache = await cacheFromEnv({ env: ${env} });
        await cache.close();`);
    // Redis needs this module as soon as it is loaded; the rest of SQLite comes with its first use.
    expect(made(`{ CACHE_REDIS_HOST: "127.0.0.1", CACHE_REDIS_PORT: "1" }`)).toContain("crypto");
    expect(made("{}")).toEqual([]);
    expect(made(`{ CACHE_ENABLED: "false", CACHE_REDIS_HOST: "127.0.0.1" }`)).toEqual([]);
    expect(made(`{ CACHE_L2_ENABLED: "false", CACHE_REDIS_HOST: "127.0.0.1" }`)).toEqual([]);
  });

  test("names its types for compilers that do not know exports, as those of many projects of NestJS", () => {
    const named = Object.entries(manifest.typesVersions["*"]).map(([path, [types]]) => [
      `${manifest.name}/${path}`,
      types,
    ]);
    named.push([manifest.name, manifest.types]);
    expect(new Map(named as [string, string][])).toEqual(
      new Map(entryPoints.map(({ specifier, types }) => [specifier, types])),
    );
  });

  test("warns who has not installed ioredis, once, since the cache works without", () => {
    const { stderr } = runWhole(`
      import { TieredCacheManager, memoryTier } from "${manifest.name}";
      import { redisTier } from "${manifest.name}/redis";
      const cache = new TieredCacheManager({ tiers: [memoryTier(), redisTier()] });
      await cache.get("k", () => 1);
      await cache.set("l", 2);
      await cache.close();
    `);
    const warnings = stderr.match(/\[FRESHTIER_IOREDIS\] Warning: redis needs the package ioredis/g);
    expect(warnings).toHaveLength(1);
  });

  test("shows an error that nobody has caught, and little of its code", () => {
    const { stderr } = runWhole(`
      import { TieredCacheManager } from "${manifest.name}";
      new TieredCacheManager({ ttl: "5 minutes" });
    `);
    expect(stderr).toContain("CacheError: ttl must be a duration");
    expect(stderr.length).toBeLessThan(3_000);
  });
});

/** What a file of the project imports before it runs, directly or through others: files and packages. */
function staticImports(file: string, found = new Set<string>()): string[] {
  const text = readFileSync(join(project, file), "utf8");
  for (const [, specifier = ""] of text.matchAll(/\b(?:import|export)(?:[\s{*][^"()]*?from)?\s*"([^"]+)"/g)) {
    const isFile = specifier.startsWith(".");
    const target = isFile ? join(dirname(file), specifier) : specifier;
    if (found.has(target)) continue;
    found.add(target);
    if (isFile) staticImports(target, found);
  }
  return [...found];
}

/** Which of the modules of Node that only bytes need are there after these imports. */
function builtInsAfter(imports: string): string[] {
  const print = `console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));`;
  const names = run(
    `const before = new Set(process.moduleLoadList); ${imports.replace(/^import ("[^"]+")/, "await import($1)")} ${print}`,
  );
  const loaded = (JSON.parse(names) as string[]).map((name) => name.split(" ").at(-1) ?? "");
  return ["crypto", "v8", "zlib"].filter((name) => loaded.includes(name));
}

/** What a process has loaded after these imports. */
function loadedAfter(imports: string): unknown {
  const sqlite = `process.moduleLoadList.some((name) => name.endsWith(" sqlite"))`;
  const loaded = `{ reflectMetadata: "metadata" in Reflect, sqlite: ${sqlite} }`;
  return JSON.parse(run(`${imports} console.log(JSON.stringify(${loaded}));`));
}

/** Runs a module in the project and returns what it prints. */
function run(source: string): string {
  const args = ["--no-warnings", "--input-type=module", "--eval", source];
  return execFileSync(process.execPath, args, { cwd: project, encoding: "utf8" });
}

/** The same with all that it prints, and however it ends. */
function runWhole(source: string): { readonly stderr: string } {
  return spawnSync(process.execPath, ["--input-type=module", "--eval", source], { cwd: project, encoding: "utf8" });
}

function npm(...args: string[]): void {
  execFileSync("npm", args, { cwd: root, stdio: "pipe" });
}

function link(dependency: string, modules: string): void {
  const path = join(modules, dependency);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, "node_modules", dependency), path, "junction");
}
