// Every snippet of the documentation compiles, and the first of the README runs.

import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root, SNIPPET_PAGES } from "./pages.ts";
import { fileOf, legacyFolder, readSnippets, removeSnippets, snippetFolder, writeSnippets } from "./snippets.ts";

const snippets = SNIPPET_PAGES.flatMap(readSnippets);
const [first] = snippets;

function typeCheck(): string {
  const tsc = join(root, "node_modules/@typescript/native/bin/tsc");
  const check = (folder: string): string =>
    spawnSync(process.execPath, [tsc, "-p", folder, "--noEmit"], { encoding: "utf8" }).stdout;
  return check(snippetFolder) + check(legacyFolder);
}

beforeAll(() => writeSnippets(snippets));
afterAll(removeSnippets);

// A compiler takes two seconds, and several times that where others want the machine as well.
describe("the documentation", { timeout: 60_000 }, () => {
  test("has snippets that compile", () => {
    expect(snippets.length).toBeGreaterThan(4);
    expect(typeCheck()).toBe("");
  });

  test.each([snippetFolder, legacyFolder])("would not pass with a snippet that does not (%s)", (folder) => {
    const broken = join(folder, "broken.ts");
    writeFileSync(broken, 'await cache.get("k", 5);\nexport {};\n');
    expect(typeCheck()).toContain("broken.ts");
    writeFileSync(broken, "export {};\n");
  });

  test("begins with a snippet that runs, and asks the database as often as it says", () => {
    const file = join(snippetFolder, fileOf(first!));
    const database = "globalThis.database = { readUser: async (id) => (console.log(`asked for ${id}`), { id }) };";
    writeFileSync(join(snippetFolder, "database.mjs"), database);
    const code = readFileSync(file, "utf8");
    writeFileSync(file, `import "./database.mjs";\n${code}`);
    appendFileSync(file, "await cache.close();\n");
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", file], { cwd: root, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe("asked for 1\nasked for 1\n");
  });
});

describe("the README", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");

  test("names the two commands that do everything on a fresh machine", () => {
    expect(readme).toContain("npm ci && npm run demo");
    expect(readme).toContain("npm ci && npm test");
  });

  test("is short enough to be read: what is longer has a page", () => {
    expect(readme.split("\n").length).toBeLessThan(251);
  });
});
