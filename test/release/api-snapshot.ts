// Compares the public declarations of every entry point with the recorded ones, or records them (`--update`).
// A snapshot holds what the exported names reach, without comments: documentation and internals may change freely.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript";
import { entryPoints, root, type EntryPoint } from "./entry-points.ts";

const RECORDED = join(root, "test/release/api");
const DIST = join(root, "dist");

const printer = ts.createPrinter({ removeComments: true });
const program = ts.createProgram(
  entryPoints.map(({ types }) => resolve(root, types)),
  { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ESNext, types: ["node"], skipLibCheck: true },
);
const checker = program.getTypeChecker();

if (process.argv.includes("--update")) {
  rmSync(RECORDED, { recursive: true, force: true });
  record(RECORDED);
} else {
  const built = mkdtempSync(join(tmpdir(), "freshtier-api-"));
  record(built);
  const names = new Set([...readdirSync(built), ...(existsSync(RECORDED) ? readdirSync(RECORDED) : [])]);
  const changed = [...names].filter((name) => differs(join(RECORDED, name), join(built, name)));
  rmSync(built, { recursive: true });
  if (changed.length > 0) {
    console.error(`\nThe public API changed: ${changed.join(", ")}. If it should, run: npm run api:update`);
    process.exitCode = 1;
  }
}

function record(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const entry of entryPoints) {
    writeFileSync(join(folder, `${entry.specifier.replaceAll("/", "-")}.d.ts.txt`), snapshot(entry));
  }
}

/** Prints how two files differ; a missing one is empty. */
function differs(recorded: string, built: string): boolean {
  const [before, after] = [recorded, built].map((file) => (existsSync(file) ? file : "/dev/null"));
  return spawnSync("git", ["diff", "--no-index", `${before}`, `${after}`], { stdio: "inherit" }).status !== 0;
}

function snapshot({ specifier, types }: EntryPoint): string {
  const module = checker.getSymbolAtLocation(sourceFile(resolve(root, types)));
  if (module === undefined) throw new Error(`${types} exports nothing`);
  const exported = checker.getExportsOfModule(module);
  const names = exported.map(({ name }) => name).toSorted();
  // By name; the sort is stable, so overloads keep their order, which counts.
  const declarations = [...reachable(exported)].toSorted(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
  const lines = [`// ${specifier} exports`, ...names, ...declarations.map(([statement]) => `\n${render(statement)}`)];
  return `${lines.join("\n")}\n`;
}

/** The top-level declarations of the package that these symbols are made of, directly or through others, with names. */
function reachable(symbols: readonly ts.Symbol[]): Map<ts.Node, string> {
  const found = new Map<ts.Node, string>();
  const visitSymbol = (symbol: ts.Symbol | undefined): void => {
    if (symbol === undefined) return;
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of target.declarations ?? []) {
      const statement = topLevel(declaration);
      if (statement === undefined || found.has(statement)) continue;
      found.set(statement, target.name);
      visitNode(statement);
    }
  };
  const visitNode = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) visitSymbol(checker.getSymbolAtLocation(node));
    ts.forEachChild(node, visitNode);
  };
  symbols.forEach(visitSymbol);
  return found;
}

/** The statement of one of our files that holds the declaration, if any: the libraries of others are not our API. */
function topLevel(declaration: ts.Node): ts.Node | undefined {
  if (!declaration.getSourceFile().fileName.startsWith(DIST)) return undefined;
  let node = declaration;
  while (!ts.isSourceFile(node.parent)) {
    node = node.parent;
    if (ts.isSourceFile(node)) return undefined;
  }
  return node;
}

function render(statement: ts.Node): string {
  return printer.printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile());
}

function sourceFile(path: string): ts.SourceFile {
  const file = program.getSourceFile(path);
  if (file === undefined) throw new Error(`${path} is missing: build first`);
  return file;
}
