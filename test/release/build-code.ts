// Bundles the code of every entry point into dist: what the main one loads is one file, since each file costs time.

import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { entryPoints, root } from "./entry-points.ts";

const MAIN = resolve(root, "src/index.ts");

/** Packages whose code becomes part of ours: to find and read two small files takes a sixth of an import. */
const INLINED = ["p-limit", "yocto-queue"].map((name) => {
  const file = createRequire(join(root, "src/index.ts")).resolve(name);
  return { name, file, license: join(dirname(file), "license") };
});

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20.19",
  outdir: "dist",
  chunkNames: "shared/[hash]",
  // White space costs every process that loads it. Not more: names are for traces, and hits of the shorter syntax are slower.
  minifyWhitespace: true,
  // Node shows the line that an uncaught error comes from: one line of all the code would hide the message.
  lineLimit: 120,
  logLevel: "warning",
  // That nothing of an import is used is meant: see `afterMain`.
  logOverride: { "ignored-bare-import": "silent" },
};

const ofMain = await loadedWith(MAIN);
await build({
  ...common,
  entryPoints: entryPoints.map(({ source }) => source),
  sourcemap: true,
  plugins: [inlined(), afterMain()],
});
await writeFile(join(root, "dist/THIRD-PARTY.txt"), await licenses());

/** The files that are there as soon as this one is. */
async function loadedWith(entry: string): Promise<ReadonlySet<string>> {
  const { metafile } = await build({
    ...common,
    entryPoints: [entry],
    write: false,
    metafile: true,
    plugins: [inlined()],
  });
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) visit(path);
    }
  };
  visit("src/index.ts");
  return new Set([...found].map((file) => resolve(root, file)));
}

/**
 * The bundler makes a file of its own of all that the same entry points reach. So all others are told that they come after
 * the main one, which makes its files one.
 */
function afterMain(): Plugin {
  return {
    name: "after-main",
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        return { loader: "ts", contents: ofMain.has(path) ? text : `${text}\nimport ${JSON.stringify(MAIN)};\n` };
      });
    },
  };
}

function inlined(): Plugin {
  return {
    name: "inlined",
    setup({ onResolve }) {
      for (const { name, file } of INLINED) onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: file }));
    },
  };
}

async function licenses(): Promise<string> {
  const texts = INLINED.map(async ({ name, license }) => `${name}\n\n${await readFile(license, "utf8")}`);
  return `Parts of dist/shared come from these packages.\n\n${(await Promise.all(texts)).join("\n\n")}`;
}
