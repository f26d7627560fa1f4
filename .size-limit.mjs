// How large what an import loads may be: of most entry points, what comes beside the main one, which their users have loaded already.

import { readFileSync } from "node:fs";

/** What the main entry point loads: one file, whose name the build makes anew. */
const MAIN = /\.\/shared\/\w+\.js/.exec(readFileSync(new URL("dist/index.js", import.meta.url), "utf8"))[0];

/** An entry point beside the main one, with all other files that it loads. */
function beside(name, folder, limit, ...packages) {
  const ignore = ["node:*", `*/${MAIN.slice("./shared/".length)}`, ...packages];
  return { name: `freshtier/${name}, beside freshtier`, path: `dist/${folder}/index.js`, ignore, limit };
}

export default [
  {
    name: "freshtier",
    path: "dist/index.js",
    ignore: ["node:*", "msgpackr", "../redis/*", "../sqlite/*"],
    limit: "67 kB",
  },
  {
    name: "freshtier/codec, with freshtier",
    path: "dist/codec/index.js",
    ignore: ["node:*", "msgpackr"],
    limit: "64 kB",
  },
  {
    name: "freshtier/decorators, with freshtier",
    path: "dist/decorators/index.js",
    ignore: ["node:*", "msgpackr"],
    limit: "75 kB",
  },
  beside("http", "http", "21.5 kB"),
  beside("express", "http/express", "16.8 kB", "express"),
  beside("fastify", "http/fastify", "18.2 kB", "fastify"),
  beside("hono", "http/hono", "14.5 kB", "hono"),
  beside("keyv", "keyv", "5.4 kB"),
  beside("nestjs", "nestjs", "33 kB", "@nestjs/*", "rxjs"),
  beside("opentelemetry", "opentelemetry", "3.9 kB", "@opentelemetry/api"),
  beside("prometheus", "prometheus", "3.2 kB", "prom-client"),
  beside("redis", "redis", "12 kB"),
  beside("sqlite", "sqlite", "13.5 kB"),
  beside("test-suite", "test-suite", "6 kB"),
  beside("undici", "undici", "15 kB", "undici"),
];
