// The demo's command line.
import { parseArgs } from "node:util";

export interface ShopOptions {
  readonly requests: number;
  readonly baselineRequests: number;
  readonly visitors: number;
  readonly seed: number;
  /** How many processes the shop has; `undefined`: this one, with its memory and a SQLite file. */
  readonly processes: number | undefined;
  /** The Redis that they share; `undefined`: one of the demo's own. */
  readonly redis: string | undefined;
  /** Where prices and cache are kept from run to run; `undefined`: beside the examples. */
  readonly directory: string | undefined;
  /** Without what earlier runs have left. */
  readonly fresh: boolean;
  readonly sabotage: boolean;
  readonly help: boolean;
}

const DEFAULT_PROCESSES = 4;
/** Several processes take longer for each request, on the few cores of one machine. */
const DEFAULT_SHARED_REQUESTS = 50_000;

export const HELP = `Replays the product-page requests of a real online shop, without and with freshtier.

Usage: npm run demo -- [options]

  --requests N   replay the first N requests of the recording (default: all 95607; several processes: 50000)
  --baseline N   requests to replay without the cache, at most --requests (default: 12000)
  --visitors N   visitors at a time (default: 100)
  --seed N       seed of every random choice (default: 2013)
  --fresh        start with an empty cache and the first prices, as the first run did
  --dir PATH     keep prices and cache there from run to run (default: examples/.cache)
  --processes N  the same shop on N processes, 2 to 16, that share one Redis. The demo starts a Redis of
                 its own; midway it kills one process, and later restarts that Redis empty
  --redis URL    share this Redis instead, such as redis://localhost:6379; nothing is killed then.
                 Alone it means --processes ${DEFAULT_PROCESSES}
  --sabotage     change prices without invalidating them: the check at the end must fail
  --help         this text

Exit code: 0, or 1 if an invalidated price was served (several processes: outside the promised bound)
or a process did not find back to Redis, or 2 for options that nobody understands and for a Redis or a
directory that cannot be had. FRESHTIER_REDIS_SERVER is the path of the server to start, if it is not on the PATH as
redis-server or valkey-server. NO_COLOR=1 turns colours off.
`;

/** Returns the options, or what is wrong with them. `recorded` is the length of the recording. */
export function parseOptions(args: readonly string[], recorded: number): ShopOptions | string {
  try {
    return readOptions(args, recorded);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function readOptions(args: readonly string[], recorded: number): ShopOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: "string" },
      baseline: { type: "string", default: "12000" },
      visitors: { type: "string", default: "100" },
      seed: { type: "string", default: "2013" },
      processes: { type: "string" },
      redis: { type: "string" },
      dir: { type: "string" },
      fresh: { type: "boolean", default: false },
      sabotage: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const redis = values.redis === undefined ? undefined : redisUrl(values.redis);
  const processes = values.processes ?? (redis === undefined ? undefined : String(DEFAULT_PROCESSES));
  if (processes !== undefined && (values.fresh || values.dir !== undefined)) {
    throw new RangeError("--fresh and --dir are about the SQLite file of one process: not with --processes or --redis");
  }
  if (values.dir === "") throw new RangeError('--dir must be the path of a directory, got ""');
  const byDefault = processes === undefined ? recorded : Math.min(DEFAULT_SHARED_REQUESTS, recorded);
  const requests = wholeNumber("requests", values.requests ?? String(byDefault), 1, recorded);
  return {
    requests,
    baselineRequests: Math.min(wholeNumber("baseline", values.baseline, 1, recorded), requests),
    visitors: wholeNumber("visitors", values.visitors, 1, 10_000),
    seed: wholeNumber("seed", values.seed, 0, 2 ** 32 - 1),
    processes: processes === undefined ? undefined : wholeNumber("processes", processes, 2, 16),
    redis,
    directory: values.dir,
    fresh: values.fresh,
    sabotage: values.sabotage,
    help: values.help,
  };
}

function wholeNumber(field: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new RangeError(`--${field} must be a whole number from ${low} to ${high}, got ${JSON.stringify(text)}`);
}

function redisUrl(text: string): string {
  // Not the text itself in the message: it may hold a password.
  if (/^rediss?:\/\/./.test(text) && URL.canParse(text)) return text;
  throw new RangeError("--redis must be a URL such as redis://localhost:6379");
}
