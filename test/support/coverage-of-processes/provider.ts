// Vitest's coverage with that of other processes added to it, before it is reported and held against the thresholds.

import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { V8CoverageProvider } from "@vitest/coverage-v8/dist/provider.js";
import type { ReportContext } from "vitest/node";
import { measureIn, placeIn } from "./place.ts";
import { coverageOfProcesses } from "./processes.ts";
import { raise } from "./raise.ts";

/** Created once a run. */
export class CoverageOfProcesses extends V8CoverageProvider {
  /** Says to the processes that run tests whose module to load: ours, not that of v8. */
  override resolveOptions(): ReturnType<V8CoverageProvider["resolveOptions"]> {
    return { ...super.resolveOptions(), provider: "custom" };
  }

  override async clean(all?: boolean): Promise<void> {
    await super.clean(all);
    const { raw, bundles } = placeIn(this.coverageFilesDirectory);
    await Promise.all([mkdir(raw), mkdir(bundles)]);
    // Node knows a script by its real path.
    measureIn(await realpath(this.coverageFilesDirectory));
  }

  override async generateCoverage(context: ReportContext): ReturnType<V8CoverageProvider["generateCoverage"]> {
    const coverage = await super.generateCoverage(context);
    const { raw, bundles } = placeIn(await realpath(this.coverageFilesDirectory));
    for (const file of await coverageOfProcesses(raw, [bundles, join(this.ctx.config.root, "dist")])) {
      if (coverage.files().includes(file.path)) raise(coverage.fileCoverageFor(file.path).data, file);
    }
    return coverage;
  }
}
