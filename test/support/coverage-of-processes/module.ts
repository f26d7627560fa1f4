// The coverage that `npm test` measures: vitest's own, and that of the processes which the tests start.

import v8 from "@vitest/coverage-v8";
import type { CoverageProviderModule } from "vitest/node";
import { coveragePlace } from "./place.ts";

const coverage: CoverageProviderModule = {
  ...v8,
  // In each process that runs a file of tests. Node has read its environment by then: this is for what it starts.
  async startCoverage(options) {
    const place = coveragePlace();
    if (place !== undefined) process.env["NODE_V8_COVERAGE"] = place.raw;
    await v8.startCoverage?.(options);
  },
  async getProvider() {
    const { CoverageOfProcesses } = await import("./provider.ts");
    return new CoverageOfProcesses();
  },
};

export default coverage;
