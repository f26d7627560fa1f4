// Compression as users say it, and its checks.

import type { CompressionCodec } from "../contracts/codec.ts";
import { badInput } from "../errors.ts";
import { checkInteger, checkObject } from "./check.ts";

/** The algorithms that need only be named. `zstd` needs Node.js 22.15, 23.8 or later. */
export type BuiltInCompression = "brotli" | "gzip" | "deflate" | "zstd";

/** How values are compressed. */
export interface CompressionOptions {
  /** One that need only be named, or one of your own. */
  readonly algorithm: BuiltInCompression | CompressionCodec;
  /** Smallest payload, in bytes, that is worth a try. Default 1024. */
  readonly threshold?: number | undefined;
  /**
   * How hard it tries: brotli 0 to 11, gzip and deflate 1 to 9, zstd 1 to 22. Default: brotli 4, gzip and deflate 6,
   * zstd 3.
   */
  readonly level?: number | undefined;
}

/** How values are compressed, checked and complete. */
export interface CompressionSettings {
  readonly algorithm: BuiltInCompression | CompressionCodec;
  readonly threshold: number;
  /** 0 where the algorithm is the user's own, which knows by itself. */
  readonly level: number;
  /** Whether it tries no harder than usual: then what is small need not be left to another thread. */
  readonly isQuick: boolean;
}

const DEFAULT_THRESHOLD = 1_024;

/** The levels there are, and the one that is taken. */
const LEVELS = {
  brotli: { min: 0, max: 11, usual: 4 },
  gzip: { min: 1, max: 9, usual: 6 },
  deflate: { min: 1, max: 9, usual: 6 },
  zstd: { min: 1, max: 22, usual: 3 },
} as const;

const NAMES = Object.keys(LEVELS) as BuiltInCompression[];

/** Checks it. @throws CacheError `invalid_option`, also for an algorithm that this Node.js does not have */
export function resolveCompression(given: unknown, field: string): CompressionSettings | undefined {
  if (given === undefined) return undefined;
  const isWhole = typeof given === "object" && given !== null && "algorithm" in given;
  const options = (isWhole ? given : { algorithm: given }) as CompressionOptions;
  if (isWhole) checkObject<CompressionOptions>(options, ["algorithm", "threshold", "level"], field);
  const at = isWhole ? `${field}.algorithm` : field;
  const { algorithm } = options;
  const threshold = checkInteger(options.threshold, 1, DEFAULT_THRESHOLD, `${field}.threshold`);
  if (NAMES.includes(algorithm as BuiltInCompression)) {
    const name = algorithm as BuiltInCompression;
    if (name === "zstd") assertZstd(at);
    const level = checkLevel(name, options.level, `${field}.level`);
    return Object.freeze({ algorithm: name, threshold, level, isQuick: level <= LEVELS[name].usual });
  }
  assertCompressionCodec(algorithm, at);
  if (options.level !== undefined) {
    throw badInput("invalid_option", `${field}.level`, "absent where the algorithm is one's own", options.level);
  }
  return Object.freeze({ algorithm, threshold, level: 0, isQuick: true });
}

function checkLevel(algorithm: BuiltInCompression, level: unknown, field: string): number {
  const { min, max, usual } = LEVELS[algorithm];
  if (level === undefined) return usual;
  if (Number.isInteger(level) && (level as number) >= min && (level as number) <= max) return level as number;
  throw badInput("invalid_option", field, `a whole number from ${min} to ${max} for ${algorithm}`, level);
}

function assertZstd(field: string): void {
  if ("zstdCompressSync" in process.getBuiltinModule("node:zlib")) return;
  const rule = 'one that this Node.js has ("zstd" needs 22.15, 23.8 or later)';
  throw badInput("invalid_option", field, rule, `zstd on ${process.version}`);
}

function assertCompressionCodec(value: unknown, field: string): asserts value is CompressionCodec {
  const { id, name, compress, decompress } = (value ?? {}) as Partial<CompressionCodec>;
  const isOne = typeof name === "string" && typeof compress === "function" && typeof decompress === "function";
  if (!isOne) {
    const rule = '"brotli", "gzip", "deflate", "zstd" or an object with id, name, compress and decompress';
    throw badInput("invalid_option", field, rule, value);
  }
  checkFreeId(id, `${field}.id`);
}

/** Ids below are the library's own. */
const FIRST_FREE_ID = 64;
const LAST_ID = 255;

/** An id that a codec of the user's may have. @throws CacheError `invalid_option` */
export function checkFreeId(id: unknown, field: string): void {
  const isFree = Number.isInteger(id) && (id as number) >= FIRST_FREE_ID && (id as number) <= LAST_ID;
  if (!isFree) throw badInput("invalid_option", field, `a whole number from ${FIRST_FREE_ID} to ${LAST_ID}`, id);
}
