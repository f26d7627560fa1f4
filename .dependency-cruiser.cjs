// Who may import whom: the map of src/DESIGN.md, with its arrows checked. Types count as imports.

/** Nothing above these; they may use each other. */
const BASE = ["^src/(model|contracts)/", "^src/errors[.]ts$"];

/** What the modules in `from` may import of src, besides themselves. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^src/", pathNot: [from, ...allowed].flat() },
});

const TYPES = ["type-only", "type-import"];

/** Of `to`, the modules in `from` may import types, but run nothing. */
const typesOnly = (name, from, to, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: to, dependencyTypesNot: TYPES },
});

/** A dependency with one home. */
const packageOnlyIn = (dependency, home, comment) => ({
  name: `${dependency}-only-in-${home}`,
  comment,
  severity: "error",
  from: { path: "^src/", pathNot: `^src/${home}/` },
  to: { path: `node_modules/${dependency}/` },
});

/** Adapters and helpers that know the base and never each other. */
const SIBLINGS = ["redis", "sqlite", "codec", "observe", "test-suite"];
const OPTIONS = "^src/options[.]ts$";
const SETTINGS = "^src/settings[.]ts$";
const ENVIRONMENT = "^src/environment([.]ts$|/)";
const FACADE =
  "^src/(manager|fast-path|arguments|namespace|registry|caches|wrap|call-verbs|results|health-endpoint)[.]ts$";

module.exports = {
  forbidden: [
    only("base", BASE, [], "model, contracts and errors know nothing above them."),
    ...SIBLINGS.map((folder) =>
      only(`${folder}-on-base`, `^src/${folder}/`, BASE, `${folder} builds on the base; tiers and helpers never meet.`),
    ),
    only(
      "keyv-on-base",
      "^src/keyv/",
      [BASE, "^src/(manager|namespace)[.]ts$"],
      "A tier on a Keyv store builds on the base; a Keyv store on a cache knows what a cache is.",
    ),
    typesOnly("keyv-knows-types-of-the-manager", "^src/keyv/", FACADE, "It is given its cache."),
    only(
      "undici-on-base",
      "^src/undici/(?!index[.]ts$)",
      [BASE, "^src/manager[.]ts$", "^src/undici/"],
      "A store on a cache knows what a cache is.",
    ),
    only(
      "undici-gives-both-caches-of-http",
      "^src/undici/index[.]ts$",
      ["^src/undici/", "^src/http/full/"],
      "Who fetches finds both ways there: the policy of undici, and ours.",
    ),
    typesOnly("undici-knows-types-of-the-manager", "^src/undici/", FACADE, "It is given its cache."),
    only(
      "environment-as-a-user",
      ENVIRONMENT,
      [BASE, OPTIONS, "^src/manager[.]ts$", "^src/(memory|redis|sqlite)/"],
      "A cache from the environment is put together as a user would.",
    ),
    {
      name: "environment-loads-tiers-when-asked",
      comment: "Who only imports the package loads no tier of bytes; what reads a URL is not one.",
      severity: "error",
      from: { path: ENVIRONMENT },
      to: {
        path: "^src/(redis|sqlite)/",
        pathNot: "^src/redis/url[.]ts$",
        dependencyTypesNot: ["dynamic-import", ...TYPES],
      },
    },
    only(
      "opentelemetry-on-base",
      "^src/opentelemetry/",
      BASE,
      "An adapter of what the engine tells whoever traces, and of statistics.",
    ),
    only(
      "http-policy-on-base",
      "^src/http/policy/",
      BASE,
      "What RFC 9111 says is decided without a cache, a clock or a network.",
    ),
    only("http-on-manager", "^src/http/", [BASE, "^src/manager[.]ts$"], "Cached routes use the cache as a user would."),
    typesOnly("http-knows-types-of-the-manager", "^src/http/", FACADE, "They are given their cache."),
    only("memory-on-base", "^src/memory/", BASE, "The memory tier builds on the base."),
    only(
      "engine-below-manager",
      "^src/engine/",
      [BASE, "^src/(memory|codec|observe)/"],
      "The engine composes, but never a concrete remote tier (callers pass it in), and never calls back into the manager.",
    ),
    only("options-on-base", OPTIONS, [BASE, "^src/memory/"], "Options are what users say: types and defaults."),
    only(
      "settings-between",
      SETTINGS,
      [BASE, OPTIONS, "^src/(memory|engine)/"],
      "Settings translate options, once, into what the engine asks for.",
    ),
    typesOnly("settings-know-types-of-the-engine", SETTINGS, "^src/engine/", "Settings run nothing."),
    only(
      "facade-on-engine",
      FACADE,
      [BASE, OPTIONS, SETTINGS, "^src/(engine|memory|observe)/"],
      "The public verbs: they turn into engine calls.",
    ),
    only(
      "decorators-on-registry",
      "^src/decorators/",
      [BASE, FACADE, OPTIONS],
      "Decorators use the cache as a user would.",
    ),
    typesOnly(
      "decorators-know-types-of-the-manager",
      "^src/decorators/",
      "^src/(manager|namespace|wrap|results|options)[.]ts$",
      "Decorators get their cache from the registry, at run time; of the rest they know the types.",
    ),
    only(
      "nestjs-on-decorators",
      "^src/nestjs/",
      [BASE, OPTIONS, "^src/manager[.]ts$", "^src/decorators/", "^src/http/"],
      "A framework adapter uses the cache and its decorators as a user would.",
    ),
    only("prometheus-on-base", "^src/prometheus/", BASE, "Metrics are made of what `stats()` says: they need no more."),
    {
      name: "nobody-needs-a-framework",
      comment: "An adapter to a framework stands beside everything else.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/nestjs/" },
      to: { path: "^src/nestjs/" },
    },
    {
      name: "index-without-decorators",
      comment: "The main entry point must not load reflect-metadata, so decorators have their own.",
      severity: "error",
      from: { path: "^src/index[.]ts$" },
      to: { path: "^src/decorators/" },
    },
    {
      name: "nothing-imports-a-barrel",
      comment: "index.ts files are entry points: a module that imports one loads what it does not need.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/environment/cache-options[.]ts$" },
      to: { path: "^src/.*index[.]ts$" },
    },
    {
      name: "environment-imports-barrels-of-tiers",
      comment: "It loads tiers as their users do, by the same file: there must be one of each in a process.",
      severity: "error",
      from: { path: "^src/environment/cache-options[.]ts$" },
      to: { path: "^src/.*index[.]ts$", pathNot: "^src/(redis|sqlite)/index[.]ts$" },
    },
    packageOnlyIn("lru-cache", "memory", "lru-cache holds the entries of the memory tier and nothing else."),
    packageOnlyIn("p-limit", "engine", "p-limit bounds background refreshes; a foreground path must not wait for it."),
    packageOnlyIn("msgpackr", "codec", "msgpackr is one codec's business."),
    packageOnlyIn("@opentelemetry", "opentelemetry", "OpenTelemetry is loaded by whoever uses it, and nobody else."),
    packageOnlyIn("ioredis", "redis", "ioredis is loaded by whoever uses Redis, and nobody else."),
    packageOnlyIn("prom-client", "prometheus", "prom-client is loaded by whoever has it, and nobody else."),
    packageOnlyIn(
      "undici",
      "undici",
      "undici is loaded by whoever fetches with it; its store needs not even its types.",
    ),
    packageOnlyIn("@nestjs", "nestjs", "A framework is loaded by whoever uses it, and nobody else."),
    packageOnlyIn(
      "reflect-metadata",
      "decorators",
      "reflect-metadata is a global side effect: only who decorates loads it.",
    ),
    {
      name: "only-declared-packages",
      comment:
        "What src imports must be installed with the package, or become part of it: see test/release/build-code.ts.",
      severity: "error",
      from: { path: "^src/" },
      to: {
        pathNot: "^node_modules/p-limit/",
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer"],
      },
    },
    {
      name: "src-stands-alone",
      comment: "The package contains dist and src only.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|examples|dist)/" },
    },
    {
      name: "examples-use-the-package",
      comment: "An example imports freshtier by its name, as a user does.",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^(src|test)/" },
    },
    {
      name: "no-cycles",
      comment: "A cycle at run time makes the result depend on who is loaded first.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: TYPES } },
    },
    {
      name: "no-cycles-across-folders",
      comment: "Within a folder two types may name each other; folders are layers, for types too.",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: { circular: true, via: { pathNot: "^src/$1/" } },
    },
    {
      name: "no-orphans",
      comment:
        "Code that nobody imports and that imports nothing is forgotten code. Seams may wait for their first user.",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: "^src/(index|contracts/[^/]+)[.]ts$" },
      to: {},
    },
    {
      name: "resolvable",
      comment: "An import that leads nowhere. (Examples import the built package: run the build first.)",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    exclude: "^test/bench/",
    doNotFollow: "(^|/)(node_modules|dist)/",
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "node", "default"] },
  },
};
