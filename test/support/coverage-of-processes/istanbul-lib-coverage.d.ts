// The package has no types: vitest's provider means those that vitest brings with it.

declare module "istanbul-lib-coverage" {
  export type CoverageMap = ReturnType<import("vitest/node").BaseCoverageProvider["createCoverageMap"]>;
}
