// A run within a test: one file, which starts a process, measured as all tests are.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  test: {
    include: ["test/coverage-of-processes/nested/starts-a-process.ts"],
    coverage: {
      provider: "custom",
      customProviderModule: "test/support/coverage-of-processes/module.ts",
      include: ["src/model/glob.ts"],
      reporter: "json",
    },
  },
});
