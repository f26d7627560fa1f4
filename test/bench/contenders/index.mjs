// Who takes part. Loaded one per process: importing this file imports no contender.

import { existsSync, readFileSync } from "node:fs";

export const OURS = "freshtier";
export const CONTROL = "control";
/** The limit of the rows in memory. */
export const LIMIT = "lru-cache";
/** The limit of the SQLite rows with the payload of freshtier. */
export const SAME_PAYLOAD = "bare-msgpack";
/** The limit of the Redis rows. */
export const REDIS_LIMIT = "ioredis";
/** The limit of the SQLite rows. */
export const SQLITE_LIMIT = "bare-driver";
/** The limit of the rows of decorators: what stands behind a decorated method. */
export const DECORATORS_LIMIT = "cache-get";
/** The limit of the rows of what watches a cache: one that nobody watches. */
export const OBSERVE_LIMIT = "unobserved";
/** The limit of the rows of HTTP: a route without a cache. */
export const HTTP_LIMIT = "bare";

const limits = {
  memory: LIMIT,
  redis: REDIS_LIMIT,
  sqlite: SQLITE_LIMIT,
  decorators: DECORATORS_LIMIT,
  observe: OBSERVE_LIMIT,
  http: HTTP_LIMIT,
};

const groups = {
  memory: [
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
  ],
  redis: [REDIS_LIMIT, CONTROL, OURS, "bentocache", "cacheable", "layered-loader", "async-cache-dedupe"],
  sqlite: [SQLITE_LIMIT, CONTROL, SAME_PAYLOAD, OURS, "keyv-sqlite", "cacheable"],
  decorators: [DECORATORS_LIMIT, CONTROL, OURS, "type-cacheable", "node-ts-cache", "memoizee", "p-memoize"],
  observe: [OBSERVE_LIMIT, CONTROL, OURS, "prometheus", "opentelemetry", "opentelemetry-hits"],
  http: [HTTP_LIMIT, CONTROL, OURS, "apicache", "ocache", "nestjs-cache-manager"],
};

export const GROUPS = Object.keys(groups);

/** @param {string} group @returns {string} the contender that the others are compared with */
export function limitOf(group) {
  return limits[group];
}

/** @param {string} group @returns {string[]} ids; freshtier only when it has been built */
export function contenderIds(group) {
  return isBuilt() ? groups[group] : groups[group].filter((id) => id !== OURS);
}

export function isBuilt() {
  return existsSync(new URL("../../../dist/index.js", import.meta.url));
}

/** @param {string} group @param {string} id @returns {Promise<object>} */
export async function loadContender(group, id) {
  const { contender } = await import(group === "memory" ? `./${id}.mjs` : `./${group}/${id}.mjs`);
  return { id, lacks: {}, notes: {}, ...contender };
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
