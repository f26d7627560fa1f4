// The demo's command line.
import { parseArgs } from "node:util";

export interface ShopOptions {
  readonly requests: number;
  readonly baselineRequests: number;
  readonly visitors: number;
  readonly seed: number;
  readonly sabotage: boolean;
  readonly help: boolean;
}

export const HELP = `Replays the product-page requests of a real online shop, without and with freshtier.

Usage: npm run demo -- [options]

  --requests N   replay the first N requests of the recording (default: all 95607)
  --baseline N   requests to replay without the cache, at most --requests (default: 12000)
  --visitors N   visitors at a time (default: 100)
  --seed N       seed of every random choice (default: 2013)
  --sabotage     change prices without invalidating them: the check at the end must fail
  --help         this text

Exit code: 0, or 1 if an invalidated price was served, or 2 for options that nobody understands.
NO_COLOR=1 turns colours off.
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
      requests: { type: "string", default: String(recorded) },
      baseline: { type: "string", default: "12000" },
      visitors: { type: "string", default: "100" },
      seed: { type: "string", default: "2013" },
      sabotage: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const requests = wholeNumber("requests", values.requests, 1, recorded);
  return {
    requests,
    baselineRequests: Math.min(wholeNumber("baseline", values.baseline, 1, recorded), requests),
    visitors: wholeNumber("visitors", values.visitors, 1, 10_000),
    seed: wholeNumber("seed", values.seed, 0, 2 ** 32 - 1),
    sabotage: values.sabotage,
    help: values.help,
  };
}

function wholeNumber(field: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new RangeError(`--${field} must be a whole number from ${low} to ${high}, got ${JSON.stringify(text)}`);
}
