// The compilers people use, each turning a page into the code it really emits.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync as babel } from "@babel/core";
import { transformSync as swc } from "@swc/wasm";
import { transformSync as esbuild } from "esbuild";
import { root, runTsc, TYPESCRIPTS } from "./project.ts";

/** Which decorators a compiler takes the `@` for. */
export type Flavour = "standard" | "legacy";

/** A compiler with one flavour of decorators. */
export interface Compiler {
  readonly name: string;
  readonly flavour: Flavour;
  /** Whether decorators of parameters are in it. */
  readonly hasParameters: boolean;
  /** The code of pages in a project, by their names. @throws where one does not compile */
  compile(project: string, pages: readonly string[]): Map<string, string>;
}

function tsc(name: string, path: string, flags: readonly string[]): Compiler {
  return {
    name: [name, ...flags.map((flag) => flag.slice(2))].join(" "),
    flavour: flags.length === 0 ? "standard" : "legacy",
    hasParameters: flags.length > 0,
    compile(project, pages) {
      runTsc(path, project, [...flags, "--outDir", "out", ...pages.map((page) => `${page}.ts`)]);
      return new Map(pages.map((page) => [page, readFileSync(join(project, "out", `${page}.js`), "utf8")]));
    },
  };
}

function ofText(
  name: string,
  flavour: Flavour,
  hasParameters: boolean,
  transform: (source: string, filename: string) => string | null | undefined,
): Compiler {
  const compilePage = (project: string, page: string): string => {
    const code = transform(readFileSync(join(project, `${page}.ts`), "utf8"), `${page}.ts`);
    if (typeof code !== "string") throw new Error(`${name} gave no code for ${page}`);
    return code;
  };
  const compile = (project: string, pages: readonly string[]): Map<string, string> =>
    new Map(pages.map((page) => [page, compilePage(project, page)]));
  return { name, flavour, hasParameters, compile };
}

/** @param minifyWhitespace as tsx does */
function esbuildWith(flavour: Flavour, minifyWhitespace = false): Compiler {
  const compilerOptions = { experimentalDecorators: flavour === "legacy" };
  return ofText(
    minifyWhitespace ? "tsx" : "esbuild",
    flavour,
    flavour === "legacy",
    (source) =>
      esbuild(source, { loader: "ts", target: "es2022", tsconfigRaw: { compilerOptions }, minifyWhitespace }).code,
  );
}

function swcWith(flavour: Flavour): Compiler {
  const transform =
    flavour === "legacy"
      ? { legacyDecorator: true, decoratorMetadata: true }
      : { decoratorVersion: "2022-03" as const };
  return ofText("swc", flavour, flavour === "legacy", (source, filename) => {
    const parser = { syntax: "typescript" as const, decorators: true };
    return swc(source, { filename, jsc: { parser, transform, target: "es2022" } }).code;
  });
}

/** Its legacy decorators know no computed names, and none of parameters. */
function babelWith(flavour: Flavour): Compiler {
  const version = flavour === "legacy" ? { version: "legacy" } : { version: "2023-11" };
  return ofText("babel", flavour, false, (source, filename) => {
    const presets = [["@babel/preset-typescript", { allowDeclareFields: true }]];
    const plugins = [["@babel/plugin-proposal-decorators", version]];
    const known = flavour === "legacy" ? source.replace("async [COMPUTED]", 'async "computed name"') : source;
    return babel(known, { filename, cwd: root, configFile: false, babelrc: false, presets, plugins })?.code;
  });
}

/** All of them, in all flavours. */
export const COMPILERS: readonly Compiler[] = [
  ...TYPESCRIPTS.flatMap(([name, path]) => [
    tsc(name, path, []),
    tsc(name, path, ["--experimentalDecorators"]),
    tsc(name, path, ["--experimentalDecorators", "--emitDecoratorMetadata"]),
  ]),
  ...[esbuildWith, swcWith, babelWith].flatMap((make) => [make("standard"), make("legacy")]),
  ...[esbuildWith("standard", true), esbuildWith("legacy", true)],
];

/** The same code as a bundler's minifier leaves it. */
export function minify(code: string): string {
  return esbuild(code, { minify: true, format: "esm", target: "es2022" }).code;
}
