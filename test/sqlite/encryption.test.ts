// Encryption at rest in a file: the value is in none of its parts, and a row that was changed or moved is a miss.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { TieredCacheManager, type CacheEvent } from "../../src/index.ts";
import { sqliteTier, type SqliteTierOptions } from "../../src/sqlite/index.ts";
import { openBare } from "./bare.ts";

const SECRET = "a value that nobody should find";

const undos: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo();
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-encryption-"));
  undos.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(path: string, options: SqliteTierOptions): TieredCacheManager {
  const cache = new TieredCacheManager({ name: "shop", tiers: [sqliteTier({ path, timeout: 5_000, ...options })] });
  undos.push(() => cache.close());
  return cache;
}

const encryption = { keys: [{ id: 1, key: randomBytes(32) }] };

test.each([
  ["with", { encryption }, false],
  ["without", {}, true],
] as const)("%s encryption, the value is found in the file or its log: %j", async (_name, options, isFound) => {
  const directory = newDirectory();
  const cache = open(join(directory, "cache.db"), options);
  await cache.set("k", { secret: SECRET }, { tags: ["t"] });
  await cache.set("bytes", Buffer.from(SECRET));
  const files = readdirSync(directory).filter((name) => name.startsWith("cache.db"));
  expect(files).toContain("cache.db-wal");
  const all = Buffer.concat(files.map((name) => readFileSync(join(directory, name))));
  expect([all.includes(SECRET), all.includes("shop")]).toEqual([isFound, true]);
  expect([await cache.get("k"), await cache.get("bytes")]).toEqual([{ secret: SECRET }, Buffer.from(SECRET)]);
});

test("P14 a row that was tampered with, or put under another key, is a miss with an event", async () => {
  const path = join(newDirectory(), "cache.db");
  const cache = open(path, { encryption });
  for (const key of ["a", "b", "c"]) await cache.set(key, key);
  const bare = openBare(path);
  undos.push(() => bare.close());
  const rows = bare.prepare("SELECT rowid AS id, * FROM entries").all() as Record<string, unknown>[];
  const [keyName, frameName] = namesOf(rows[0]!);
  const at = (key: string) => rows.find((row) => String(row[keyName]).includes(`:${key}}`))!;
  const frame = Buffer.from(at("a")[frameName] as Uint8Array);
  bare.prepare(`UPDATE entries SET ${frameName} = ? WHERE rowid = ?`).run(frame, at("b")["id"] as number);
  const tampered = Buffer.from(at("c")[frameName] as Uint8Array);
  tampered[tampered.length - 1]! ^= 1;
  bare.prepare(`UPDATE entries SET ${frameName} = ? WHERE rowid = ?`).run(tampered, at("c")["id"] as number);
  const events: CacheEvent[] = [];
  cache.on("damagedFrame", (event) => void events.push(event));
  expect([await cache.get("a"), await cache.get("b"), await cache.get("c")]).toEqual(["a", undefined, undefined]);
  expect(events).toMatchObject([{ key: "b" }, { key: "c" }]);
  expect(cache.stats().tiers["sqlite"]).toMatchObject({ errors: 0, breakers: { sqlite: "closed" } });
});

function namesOf(row: Record<string, unknown>): [key: string, frame: string] {
  const names = Object.keys(row);
  const frame = names.find((name) => row[name] instanceof Uint8Array);
  const key = names.find((name) => {
    const value = row[name];
    return typeof value === "string" && value.includes("shop");
  });
  if (frame === undefined || key === undefined)
    throw new Error(`a row of entries has a key and a frame: ${names.join()}`);
  return [key, frame];
}
