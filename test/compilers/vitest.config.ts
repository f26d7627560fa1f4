// Tests of emitted code: they start every compiler many times, so they are part of a release's checks only.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/compilers/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
});
