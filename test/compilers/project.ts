// The command line compilers of TypeScript, and projects to run them in.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));
const modules = join(root, "node_modules");

/** The command line compilers of TypeScript. */
export const TYPESCRIPTS: readonly (readonly [name: string, path: string])[] = [
  ["tsc 5.0", "typescript-5.0/bin/tsc"],
  ["tsc 5.9", "typescript-5.9/bin/tsc"],
  ["tsc 6", "typescript/bin/tsc6"],
  ["tsc 7", "@typescript/native/bin/tsc"],
];

const TSC_OPTIONS = [
  ...["--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext"],
  ...["--types", "node", "--skipLibCheck", "--noImplicitOverride"],
];

/** Runs a `tsc`; what it prints. @throws where it finds errors */
export function runTsc(path: string, project: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [join(modules, path), ...TSC_OPTIONS, ...args], {
    cwd: project,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A folder in which the package is installed and pages can be compiled and run. */
export interface Project {
  readonly folder: string;
  /** Runs code as a module; what it printed, read as JSON. */
  run(code: string): unknown;
  remove(): void;
}

/** Makes one. @param pages by name, without extension */
export function createProject(pages: Readonly<Record<string, string>>): Project {
  const folder = mkdtempSync(join(tmpdir(), "freshtier-compilers-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/freshtier"), "junction");
  symlinkSync(join(modules, "@types"), join(folder, "node_modules/@types"), "junction");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, source] of Object.entries(pages)) writeFileSync(join(folder, `${name}.ts`), source);
  return {
    folder,
    run(code) {
      const file = join(folder, "run.js");
      writeFileSync(file, code);
      return JSON.parse(execFileSync(process.execPath, [file], { encoding: "utf8" })) as unknown;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
