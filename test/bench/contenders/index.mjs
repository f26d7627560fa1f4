// Who takes part. Loaded one per process: importing this file imports no contender.

import { existsSync, readFileSync } from "node:fs";

export const LIMIT = "lru-cache";
export const OURS = "freshtier";
export const CONTROL = "control";

const all = [
  LIMIT,
  CONTROL,
  OURS,
  "lru-fetch",
  "bentocache",
  "cache-manager",
  "cacheable",
  "layered-loader",
  "async-cache-dedupe",
  "cachified",
];

/** @returns {string[]} ids; freshtier only when it has been built */
export function contenderIds() {
  return isBuilt() ? all : all.filter((id) => id !== OURS);
}

export function isBuilt() {
  return existsSync(new URL("../../../dist/index.js", import.meta.url));
}

/** @param {string} id @returns {Promise<object>} */
export async function loadContender(id) {
  const { contender } = await import(`./${id}.mjs`);
  return { id, notes: {}, ...contender };
}

/** @returns {Record<string, string>} installed version by package */
export function versions() {
  const manifest = readJson("../package.json");
  const installed = Object.keys(manifest.dependencies).map((name) => [
    name,
    readJson(`../node_modules/${name}/package.json`).version,
  ]);
  return { [OURS]: readJson("../../../package.json").version, ...Object.fromEntries(installed) };
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
}
