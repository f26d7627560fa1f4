// A script that several processes ran, and how often each of its characters was executed in all of them.

import type { Profiler } from "node:inspector";

/** A script with the sum of its counts. */
export class Script {
  readonly file: string;
  readonly code: string;
  /** Its source map, as JSON. */
  readonly map: string;
  readonly #total: Float64Array;

  constructor(file: string, code: string, map: string) {
    this.file = file;
    this.code = code;
    this.map = map;
    this.#total = new Float64Array(code.length);
  }

  /** Adds what one process executed. Of the ranges around a character the narrowest counts it. */
  add(functions: readonly Profiler.FunctionCoverage[]): void {
    const counts = new Float64Array(this.code.length);
    const ranges = functions.flatMap((one) => one.ranges).sort((a, b) => lengthOf(b) - lengthOf(a));
    for (const { startOffset, endOffset, count } of ranges) counts.fill(count, startOffset, endOffset);
    for (const [offset, count] of counts.entries()) this.#total[offset]! += count;
  }

  /** The sum, as if it were of one process: characters with the same count in a row make a range. */
  functions(): Profiler.FunctionCoverage[] {
    const ranges: Profiler.CoverageRange[] = [];
    for (const [offset, count] of this.#total.entries()) {
      const last = ranges.at(-1);
      if (last?.count === count) last.endOffset = offset + 1;
      else ranges.push({ startOffset: offset, endOffset: offset + 1, count });
    }
    return [{ functionName: "", isBlockCoverage: true, ranges }];
  }
}

function lengthOf({ startOffset, endOffset }: Profiler.CoverageRange): number {
  return endOffset - startOffset;
}
