// Vitest's coverage with that of other processes added to it, before it is reported and held against the thresholds.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { V8CoverageProvider } from "@vitest/coverage-v8/dist/provider.js";
import type { ReportContext, Vitest } from "vitest/node";
import { measureIn, placeIn } from "./place.ts";
import { coverageOfProcesses } from "./processes.ts";
import { raise } from "./raise.ts";

/** Created once a run. */
export class CoverageOfProcesses extends V8CoverageProvider {
  override initialize(ctx: Vitest): void {
    super.initialize(ctx);
    measureIn(this.coverageFilesDirectory);
  }

  override async clean(all?: boolean): Promise<void> {
    await super.clean(all);
    const { raw, bundles } = placeIn(this.coverageFilesDirectory);
    await Promise.all([mkdir(raw, { recursive: true }), mkdir(bundles, { recursive: true })]);
  }

  override async generateCoverage(context: ReportContext): ReturnType<V8CoverageProvider["generateCoverage"]> {
    const coverage = await super.generateCoverage(context);
    const { raw, bundles } = placeIn(this.coverageFilesDirectory);
    const dist = join(this.ctx.config.root, "dist");
    for (const file of await coverageOfProcesses(raw, [bundles, dist])) {
      if (coverage.files().includes(file.path)) raise(coverage.fileCoverageFor(file.path).data, file);
    }
    return coverage;
  }
}
