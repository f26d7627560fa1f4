// Options of a cache from what the variables say: its tiers, and the rest. What a tier needs is loaded only if it is asked for.

import { badInput, CacheError } from "../errors.ts";
import { memoryTier } from "../memory/options.ts";
import type { BreakerOptions } from "../model/breaker-options.ts";
import { checkObject } from "../model/check.ts";
import type { CacheOptions, TierConfig } from "../options.ts";
import type { RedisTierOptions } from "../redis/options.ts";
import type { EnvironmentOptions } from "./options.ts";
import { refuseSecret } from "./readers.ts";
import { readVariables, type Backend, type Variables } from "./variables.ts";

const DEFAULT_PREFIX = "CACHE_";

/** What the variables say, and the prefix by which messages name them. */
interface Said {
  readonly prefix: string;
  readonly said: Variables;
}

/** The options of the cache that the environment asks for. @throws CacheError `invalid_option` */
export async function readOptions(options: EnvironmentOptions): Promise<CacheOptions<never>> {
  checkObject<EnvironmentOptions>(options, ["prefix", "env", "defaults"], "options of cacheFromEnv");
  const { prefix = DEFAULT_PREFIX, env = process.env, defaults = {} } = options;
  checkPrefix(prefix);
  checkRecord(env, "env");
  checkRecord(defaults, "defaults");
  if ("tiers" in defaults) {
    throw badInput("invalid_option", "defaults.tiers", "absent: the environment says it", defaults.tiers);
  }
  const said = readVariables(env, prefix);
  return { ...defaults, ...ofCache(said), tiers: await tiersOf({ prefix, said }, said.ENABLED ?? defaults.enabled) };
}

function checkPrefix(prefix: unknown): void {
  if (typeof prefix === "string" && /^[a-z_]\w*$/i.test(prefix)) return;
  throw badInput("invalid_option", "prefix", "a text of letters, digits and _ that begins with no digit", prefix);
}

function checkRecord(value: unknown, field: string): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw badInput("invalid_option", field, "an object", value);
}

/** Only what is said: a member that is there, if undefined, would take the place of a default. */
function ofCache(said: Variables): CacheOptions<never> {
  const options: CacheOptions<never> = {
    enabled: said.ENABLED,
    name: said.NAME,
    namespace: said.NAMESPACE,
    ttl: said.TTL,
    staleWhileRevalidate: said.STALE_WHILE_REVALIDATE,
    staleIfError: said.STALE_IF_ERROR,
    codec: said.SERIALIZER,
    enableStats: said.METRICS_ENABLED,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function tiersOf(variables: Said, enabled: boolean | undefined): Promise<readonly TierConfig[]> {
  const { said } = variables;
  const memory = memoryTier({ enabled: said.L1_ENABLED, maxEntries: said.L1_MAX_SIZE, maxAge: said.L1_TTL });
  checkPlace(variables);
  const backend = backendOf(variables);
  if (backend === undefined || enabled === false) return [memory];
  return [memory, backend === "sqlite" ? await sqliteOf(said) : await redisOf(said)];
}

/** What the second tier is; `undefined` where there is none. Whoever says where it is wants it. */
function backendOf({ prefix, said }: Said): Backend | undefined {
  const { L2_ENABLED, L2_BACKEND, SQLITE_PATH } = said;
  const address = (["REDIS_URL", "REDIS_HOST"] as const).find((name) => said[name] !== undefined);
  const isWanted = L2_ENABLED ?? (L2_BACKEND ?? SQLITE_PATH ?? address) !== undefined;
  if (!isWanted || L2_BACKEND !== undefined) return isWanted ? L2_BACKEND : undefined;
  if (SQLITE_PATH === undefined) return "redis";
  if (address === undefined) return "sqlite";
  const both = `${prefix}SQLITE_PATH and ${prefix}${address}`;
  throw new CacheError("invalid_option", `${prefix}L2_BACKEND must be given where there are ${both}, got nothing`);
}

/** What a URL says may not be said again. */
function checkPlace({ prefix, said }: Said): void {
  if (said.REDIS_URL === undefined) return;
  const url = new URL(said.REDIS_URL);
  const hasDb = /\d/.test(url.pathname);
  const taken = {
    REDIS_HOST: true,
    REDIS_PORT: true,
    REDIS_DB: hasDb,
    REDIS_USERNAME: url.username !== "",
    REDIS_PASSWORD: url.password !== "",
  } as const;
  for (const name of Object.keys(taken) as (keyof typeof taken)[]) {
    const given = said[name];
    if (given === undefined || !taken[name]) continue;
    const rule = `absent where ${prefix}REDIS_URL says it`;
    if (name === "REDIS_PASSWORD") throw refuseSecret(prefix + name, rule, String(given));
    throw badInput("invalid_option", prefix + name, rule, given);
  }
}

async function redisOf(said: Variables): Promise<TierConfig> {
  const { redisTier } = await import("../redis/index.ts");
  const isHost = said.REDIS_URL === undefined && (said.REDIS_HOST !== undefined || said.REDIS_PORT !== undefined);
  return redisTier({
    ...commonOf(said),
    ...(isHost ? { host: said.REDIS_HOST ?? "localhost", port: said.REDIS_PORT } : { url: said.REDIS_URL }),
    db: said.REDIS_DB,
    username: said.REDIS_USERNAME,
    password: said.REDIS_PASSWORD,
    connectTimeout: said.REDIS_CONNECT_TIMEOUT,
    timeout: said.REDIS_SOCKET_TIMEOUT,
  });
}

async function sqliteOf(said: Variables): Promise<TierConfig> {
  const { sqliteTier } = await import("../sqlite/index.ts");
  return sqliteTier({ ...commonOf(said), path: said.SQLITE_PATH });
}

function commonOf(said: Variables): Pick<RedisTierOptions, "maxAge" | "bus" | "breaker" | "encryption"> {
  return { maxAge: said.L2_TTL, bus: said.SYNC_ENABLED, breaker: breakerOf(said), encryption: said.ENCRYPTION_KEY };
}

function breakerOf(said: Variables): boolean | BreakerOptions {
  if (said.CIRCUIT_BREAKER_ENABLED === false) return false;
  return { failures: said.CIRCUIT_BREAKER_THRESHOLD, openFor: said.CIRCUIT_BREAKER_TIMEOUT };
}
