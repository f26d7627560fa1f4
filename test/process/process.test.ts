// What can only be seen from outside a process: that it ends by itself, and that nothing in the background ends it.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a script against the built package, as a user's program would. */
function runScript(body: string): { status: number | null; stdout: string; stderr: string } {
  const script = `import { TieredCacheManager } from "freshtier";\n${body}`;
  const node = ["--input-type=module", "--unhandled-rejections=strict", "-e", script];
  return spawnSync(process.execPath, node, { cwd: root, encoding: "utf8", timeout: 9_000 });
}

describe("a process", () => {
  test("P12 ends by itself although a cache was never closed", () => {
    const { status, stdout } = runScript(`
      const cache = new TieredCacheManager({ cleanupInterval: "1h", ttl: 0, staleWhileRevalidate: "1h" });
      await cache.get("k", () => 1);
      await cache.get("k", () => new Promise(() => {})); // stale: a refresh behind that never ends
      cache.getSync("k");
      console.log("done");`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "done\n" });
  });

  test("P12 would not, if it waited for the same refresh in the foreground: the control", () => {
    const { status } = runScript(`
      const cache = new TieredCacheManager();
      await cache.get("k", () => new Promise((resolve) => setTimeout(resolve, 100, 1)));
      process.exitCode = 3;`);
    expect(status).toBe(3);
  });

  test("gets its answer from hardTimeout and close() even when nothing else keeps it alive", () => {
    const { status, stdout } = runScript(`
      const cache = new TieredCacheManager({ hardTimeout: 20 });
      const hang = () => new Promise(() => {});
      await cache.get("k", hang).catch((error) => console.log(error.code));
      const waiting = cache.get("l", hang, { hardTimeout: "forever" }).catch((error) => console.log(error.code));
      await cache.close({ timeout: 20 });
      await waiting;`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "timeout\nclosed\n" });
  });

  test("P9 is not ended by refreshes that fail in the background, nor by listeners that do", () => {
    const { status, stdout, stderr } = runScript(`
      const cache = new TieredCacheManager({ ttl: 0, staleWhileRevalidate: "1h", refreshTimeout: 20 });
      cache.on("refreshFail", () => { throw new Error("listener"); });
      cache.on("stale", async () => { throw new Error("listener"); });
      const failures = [() => { throw new Error("at once"); }, async () => { throw undefined; }, () => new Promise(() => {})];
      for (const [index, fail] of failures.entries()) {
        await cache.set("k" + index, "old");
        console.log(await cache.get("k" + index, fail));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log(cache.stats().refreshes.failed);
      await cache.close();`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "old\nold\nold\n3\n", stderr: "" });
  });
});
