import { transform } from "esbuild";
import { defineConfig, type Plugin } from "vitest/config";

/** Lowers standard decorators in test/tc39: the transformer of vite leaves them to the engine, which has none yet. */
const standardDecorators: Plugin = {
  name: "standard-decorators",
  enforce: "pre",
  transform: {
    filter: { id: /\/test\/tc39\/.*\.ts$/ },
    // An empty tsconfig keeps esbuild from looking for one; target es2022 has no decorators, so they are lowered.
    handler: (code, sourcefile) =>
      transform(code, { loader: "ts", target: "es2022", tsconfigRaw: "{}", sourcemap: true, sourcefile }),
  },
};

export default defineConfig({
  plugins: [standardDecorators],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**"],
    globalSetup: "test/support/global-setup.ts",
    testTimeout: 10_000,
    hookTimeout: 30_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: [["text", { skipFull: true }]],
      thresholds: { lines: 95, branches: 95, functions: 95, statements: 95 },
    },
  },
});
