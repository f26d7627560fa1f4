import { transform } from "esbuild";
import { defineConfig, type Plugin } from "vitest/config";
import { NODE_RUNS_8 } from "./test/undici/node-runs-8.ts";

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

/** Tests that start servers and processes: they share the machine with nothing that would take their time. */
const PROCESSES = [
  ...["faults", "rules", "shared", "redis", "redis-support", "sqlite", "contract", "test-suite", "keyv", "examples"],
  ...["nestjs", "opentelemetry", "undici", "http/fleet", "coverage-of-processes"],
];
/** Tests of a shared tier that run on a SQLite file as well. Those of other files are about Redis alone. */
const ONLY_ON_REDIS = [
  ...[
    "caches",
    "commands",
    "loads",
    "copies",
    "order",
    "reconnect",
    "lost-epochs",
    "payload-damage",
    "away",
    "limits",
    "sync",
    "explain-away",
  ],
].map((name) => `test/shared/${name}.test.ts`);
/** On an older Node undici 8 cannot be loaded; what is left says so. */
const ON_UNDICI_8 = NODE_RUNS_8 ? filesOf(["undici"]) : ["test/undici/version.test.ts"];
/** Tests that keep all of the machine busy by themselves. */
const LOAD = ["history"];

function filesOf(folders: readonly string[]): string[] {
  return folders.map((folder) => `test/${folder}/**/*.test.ts`);
}

export default defineConfig({
  plugins: [standardDecorators],
  test: {
    // Of two cores half is idle otherwise: most tests wait for servers and processes.
    maxWorkers: 3,
    // One group after the other.
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/bench/**", "test/compilers/**", ...filesOf([...PROCESSES, ...LOAD])],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: "processes", include: filesOf(PROCESSES), sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: "sqlite",
          include: filesOf(["shared"]),
          exclude: ONLY_ON_REDIS,
          env: { FRESHTIER_SHARED_TIER: "sqlite" },
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "undici-8",
          include: ON_UNDICI_8,
          env: { FRESHTIER_UNDICI: "8" },
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: "load", include: filesOf(LOAD), sequence: { groupOrder: 2 }, maxWorkers: 1 },
      },
    ],
    globalSetup: "test/support/global-setup.ts",
    // No test is about these. What takes one second here may take twenty where much else runs.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5_000 } },
    coverage: {
      provider: "custom",
      // v8, and with it the processes that the tests start
      customProviderModule: "test/support/coverage-of-processes/module.ts",
      include: ["src/**/*.ts"],
      reporter: [["text", { skipFull: true }]],
      thresholds: { lines: 95, branches: 95, functions: 95, statements: 95 },
    },
  },
});
