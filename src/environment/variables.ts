// The variables: their names without prefix, what reads each, and what all of them say.

import { badInput } from "../errors.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { EncryptionOptions } from "../model/encryption-options.ts";
import type { BuiltInCodec } from "../model/payload-options.ts";
import { readEncryption } from "./encryption-key.ts";
import * as read from "./readers.ts";

/** What the second tier is. */
export type Backend = "redis" | "valkey" | "sqlite";

/** What the variables say, by their names without prefix; `undefined` where they say nothing. */
export interface Variables {
  readonly ENABLED: boolean | undefined;
  readonly NAME: string | undefined;
  readonly NAMESPACE: string | undefined;
  readonly TTL: Milliseconds | undefined;
  readonly STALE_WHILE_REVALIDATE: Milliseconds | undefined;
  readonly STALE_IF_ERROR: Milliseconds | undefined;
  readonly L1_ENABLED: boolean | undefined;
  readonly L1_MAX_SIZE: number | undefined;
  readonly L1_TTL: Milliseconds | undefined;
  readonly L2_ENABLED: boolean | undefined;
  readonly L2_TTL: Milliseconds | undefined;
  readonly L2_BACKEND: Backend | undefined;
  readonly SQLITE_PATH: string | undefined;
  readonly SERIALIZER: BuiltInCodec | undefined;
  readonly REDIS_URL: string | undefined;
  readonly REDIS_HOST: string | undefined;
  readonly REDIS_PORT: number | undefined;
  readonly REDIS_DB: number | undefined;
  readonly REDIS_USERNAME: string | undefined;
  readonly REDIS_PASSWORD: string | undefined;
  readonly REDIS_CONNECT_TIMEOUT: Milliseconds | undefined;
  readonly REDIS_SOCKET_TIMEOUT: Milliseconds | undefined;
  readonly SYNC_ENABLED: boolean | undefined;
  readonly CIRCUIT_BREAKER_ENABLED: boolean | undefined;
  readonly CIRCUIT_BREAKER_THRESHOLD: number | undefined;
  readonly CIRCUIT_BREAKER_TIMEOUT: Milliseconds | undefined;
  readonly ENCRYPTION_KEY: EncryptionOptions | undefined;
  readonly METRICS_ENABLED: boolean | undefined;
}

type Readers = { readonly [N in keyof Variables]: read.Reader<NonNullable<Variables[N]>> };

const ANY = Number.MAX_SAFE_INTEGER;

/** In the order of the tables in docs/environment.md. */
const READERS: Readers = {
  ENABLED: read.readFlag,
  NAME: read.readName,
  NAMESPACE: read.readName,
  TTL: read.readDuration,
  STALE_WHILE_REVALIDATE: read.readDuration,
  STALE_IF_ERROR: read.readDuration,
  L1_ENABLED: read.readFlag,
  L1_MAX_SIZE: read.readInteger(1, ANY),
  L1_TTL: read.readPositive,
  L2_ENABLED: read.readFlag,
  L2_TTL: read.readPositive,
  L2_BACKEND: read.readChoice(["redis", "valkey", "sqlite"]),
  SQLITE_PATH: read.readPath,
  SERIALIZER: read.readChoice(["msgpack", "json", "v8"]),
  REDIS_URL: read.readUrl,
  REDIS_HOST: read.readHost,
  REDIS_PORT: read.readInteger(1, 65_535),
  REDIS_DB: read.readInteger(0, ANY),
  REDIS_USERNAME: read.readText,
  REDIS_PASSWORD: read.readText,
  REDIS_CONNECT_TIMEOUT: read.readPositive,
  REDIS_SOCKET_TIMEOUT: read.readPositive,
  SYNC_ENABLED: read.readFlag,
  CIRCUIT_BREAKER_ENABLED: read.readFlag,
  CIRCUIT_BREAKER_THRESHOLD: read.readInteger(1, ANY),
  CIRCUIT_BREAKER_TIMEOUT: read.readEnding,
  ENCRYPTION_KEY: readEncryption,
  METRICS_ENABLED: read.readFlag,
};

/** Their names without prefix. */
export const VARIABLE_NAMES: readonly (keyof Variables)[] = Object.keys(READERS) as (keyof Variables)[];

/** What the variables with a prefix say; all are checked, used or not. @throws CacheError for the first that is wrong */
export function readVariables(env: Readonly<Record<string, unknown>>, prefix: string): Variables {
  const readOne = (name: keyof Variables): unknown => {
    const variable = prefix + name;
    const given = env[variable];
    if (given === undefined) return undefined;
    if (typeof given !== "string") throw badInput("invalid_option", variable, "a text", typeof given);
    // Files of variables leave blanks and line ends behind; in a password they may be meant.
    const text = name === "REDIS_PASSWORD" ? given : given.trim();
    return text === "" ? undefined : READERS[name](text, variable);
  };
  return Object.fromEntries(VARIABLE_NAMES.map((name) => [name, readOne(name)])) as unknown as Variables;
}
