// The package has no types: vitest's provider means those that vitest brings with it.

declare module "istanbul-lib-coverage" {
  import type { BaseCoverageProvider } from "vitest/node";

  export type CoverageMap = ReturnType<BaseCoverageProvider["createCoverageMap"]>;
}
