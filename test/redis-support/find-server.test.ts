// Finding a server: never in silence without one.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ensureRedisServer, redisServer } from "../support/redis/find-server.ts";
import type { Machine } from "../support/redis/find-server.ts";

const folder = mkdtempSync(join(tmpdir(), "freshtier-find-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A machine without any server, on which nothing may be installed. */
const BARE: Machine = { env: { PATH: "" }, places: [], install: () => false };

/** A program that says it is a server of that version. */
function fakeServer(name: string, versionLine: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho "${versionLine}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test("finds the server of this machine", () => {
  const path = ensureRedisServer();
  expect(path).toMatch(/^\/.*server/);
  expect(redisServer()).toMatchObject({ path, major: expect.any(Number) });
});

test("says in one line what to install when there is none and it may not install one", () => {
  const attempt = () => ensureRedisServer(BARE);
  expect(attempt).toThrow(/^the tests need a Redis server and found none: install redis-server or valkey-server/);
  expect(attempt).not.toThrow(/\n/);
});

test("installs one where it may, once", () => {
  let installed = 0;
  const install = (): boolean => {
    installed++;
    fakeServer("valkey-server", "Valkey server v=8.0.1 sha=00000000:0");
    return true;
  };
  const machine = { ...BARE, places: [folder], install };
  expect(ensureRedisServer(machine)).toBe(join(folder, "valkey-server"));
  expect(ensureRedisServer(machine)).toBe(join(folder, "valkey-server"));
  expect(installed).toBe(1);
});

test("says what to install when the installation brought nothing", () => {
  expect(() => ensureRedisServer({ ...BARE, install: () => true })).toThrow("found none");
});

test("takes the server that the environment names, and no other", () => {
  const path = fakeServer("my-own", "Redis server v=7.2.4 sha=00000000:0");
  const env = { PATH: process.env["PATH"], FRESHTIER_REDIS_SERVER: path };
  expect(ensureRedisServer({ ...BARE, env })).toBe(path);
  const missing = { ...env, FRESHTIER_REDIS_SERVER: "/nowhere" };
  expect(() => ensureRedisServer({ ...BARE, env: missing, install: () => true })).toThrow(
    "FRESHTIER_REDIS_SERVER must be the path of a server, got /nowhere",
  );
});

test("does not take a server that is too old", () => {
  const path = fakeServer("redis-server", "Redis server v=6.0.16 sha=00000000:0");
  expect(() => ensureRedisServer({ ...BARE, env: { FRESHTIER_REDIS_SERVER: path } })).toThrow("6.2 or newer, got 6.0");
  rmSync(join(folder, "valkey-server"), { force: true });
  expect(() => ensureRedisServer({ ...BARE, env: { PATH: folder } })).toThrow("found none");
});
