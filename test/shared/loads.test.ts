// What the package loads and when: a client of Redis and a codec cost nobody who does not use them.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SharedWorld } from "./pair.ts";

const world = new SharedWorld();

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = new URL("../../dist/index.js", import.meta.url).href;
const redis = new URL("../../dist/redis/index.js", import.meta.url).href;

const WATCHED = ["ioredis", "iovalkey", "msgpackr", "reflect-metadata", "lru-cache"];

/** Runs on the thread that loads modules, and says where each comes from. */
const LOADER = `
  import { writeSync } from "node:fs";
  export function load(url, context, next) {
    writeSync(2, url + "\\n");
    return next(url, context);
  }
`;
const HOOKS = `import { register } from "node:module"; register(${JSON.stringify(dataUrl(LOADER))});`;

/** Which of the packages above a process has loaded when this code has run. */
async function loadedBy(code: string): Promise<string[]> {
  const urls = await run(["--no-warnings", "--import", dataUrl(HOOKS), "--input-type=module", "--eval", code]);
  return WATCHED.filter((name) => urls.includes(`/node_modules/${name}/`));
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** What a process says on its standard error. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "pipe"] });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (chunk) => (output += String(chunk)));
    child.on("error", reject).on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`it ended with ${code}\n${output}`));
    });
  });
}

test("the main entry point loads neither a client of Redis nor a codec", async () => {
  expect(await loadedBy(`import ${JSON.stringify(main)};`)).toEqual(["lru-cache"]);
  const control = `import ${JSON.stringify(main)}; import "ioredis"; import "msgpackr"; import "reflect-metadata";`;
  expect(await loadedBy(control)).toEqual(["ioredis", "msgpackr", "reflect-metadata", "lru-cache"]);
});

test("a cache in memory alone never does", async () => {
  const used = `
    import { TieredCacheManager } from ${JSON.stringify(main)};
    const cache = new TieredCacheManager({ isolation: "clone" });
    await cache.set("k", { a: 1 });
    await cache.get("other", () => 2);
    await cache.close();
  `;
  expect(await loadedBy(used)).toEqual(["lru-cache"]);
});

test("the Redis tier loads its client and the codec when a cache is made, and not before", async () => {
  const { host, port } = world.server;
  const named = `
    import { TieredCacheManager } from ${JSON.stringify(main)};
    import { redisTier } from ${JSON.stringify(redis)};
    const tier = redisTier(${JSON.stringify({ host, port, timeout: 5_000 })});
  `;
  const used = `
    ${named}
    const cache = new TieredCacheManager({ name: "loads", tiers: [tier] });
    await cache.set("k", 1);
    await cache.close();
  `;
  const loaded = await Promise.all([loadedBy(named), loadedBy(used)]);
  expect(loaded).toEqual([["lru-cache"], ["ioredis", "msgpackr", "lru-cache"]]);
});
