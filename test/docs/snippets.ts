// Takes the TypeScript snippets out of Markdown pages and puts them where a compiler and Node can read them.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Inside the package, so that the snippets import it by its own name. */
export const snippetFolder: string = join(root, "test/docs/snippets-out");

/** Those among them with decorators as NestJS knows them. */
export const legacyFolder: string = join(snippetFolder, "legacy");

/** A snippet and where it stands. */
export interface Snippet {
  readonly page: string;
  readonly line: number;
  readonly code: string;
}

/** All snippets of a page marked as TypeScript. */
export function readSnippets(page: string): Snippet[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1] as string,
  }));
}

/** The file name of a snippet, which names its place. */
export function fileOf({ page, line }: Snippet): string {
  return `${page.replaceAll(/\W/g, "-")}-line-${line}.ts`;
}

/** What the snippets speak of without declaring it. */
const SCENERY = `
import type { TieredCacheManager as Manager } from "freshtier";
declare global {
  interface User { readonly id: number; readonly name: string }
  const cache: Manager;
  const user: User;
  function alert(fields: object): void;
  const database: {
    readUser(id: number): Promise<User>;
    readUsers(keys: readonly string[]): Promise<Map<string, User>>;
    readProduct(id: number): Promise<{ price: number }>;
    writePrice(id: number, price: number): Promise<void>;
    search(filter: object, signal: AbortSignal | undefined): Promise<User[]>;
  };
  function etagOf(value: unknown): string;
  function countPrimes(limit: number): number;
}
`;

const TSCONFIG = {
  extends: "../../tsconfig.json",
  compilerOptions: { noUnusedLocals: false, noImplicitOverride: true },
  include: ["."],
  exclude: ["legacy"],
};

const LEGACY_TSCONFIG = {
  extends: "../tsconfig.json",
  compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true },
  include: [".", "../scenery.d.ts"],
  exclude: [],
};

/** Writes every snippet to a file, as a module. */
export function writeSnippets(snippets: readonly Snippet[]): void {
  removeSnippets();
  mkdirSync(legacyFolder, { recursive: true });
  writeFileSync(join(snippetFolder, "scenery.d.ts"), SCENERY);
  writeFileSync(join(snippetFolder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  writeFileSync(join(legacyFolder, "tsconfig.json"), JSON.stringify(LEGACY_TSCONFIG));
  const imports = 'import { TieredCacheManager } from "freshtier";\n';
  for (const snippet of snippets) {
    const isWhole = snippet.code.includes('from "freshtier"');
    const folder = snippet.code.includes('from "@nestjs/common"') ? legacyFolder : snippetFolder;
    writeFileSync(join(folder, fileOf(snippet)), `${isWhole ? "" : imports}${snippet.code}export {};\n`);
  }
}

/** Removes them. */
export function removeSnippets(): void {
  rmSync(snippetFolder, { recursive: true, force: true });
}
