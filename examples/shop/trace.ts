// Reads the recorded requests: one product number per line, in order of arrival.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const FILE = new URL("../data/shop-product-pages-2013-12.txt.gz", import.meta.url);

export interface Trace {
  /** Product numbers in the order in which their pages were asked for. */
  readonly requests: readonly number[];
  /** How many different products the whole recording knows. */
  readonly products: number;
}

export function readTrace(): Trace {
  const text = gunzipSync(readFileSync(FILE)).toString("latin1");
  const requests = text.trimEnd().split("\n").map(Number);
  return { requests, products: new Set(requests).size };
}
