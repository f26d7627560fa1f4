// The pages of documentation: which there are, where their links lead, and what their tables say.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** What users read: the README and the pages it leads to. */
export const USER_PAGES: readonly string[] = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Pages whose snippets are checked. */
export const SNIPPET_PAGES: readonly string[] = [...USER_PAGES, "src/DESIGN.md", "src/codec/README.md"];

/** Every page of the repository. */
export function allPages(): readonly string[] {
  const listed = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" });
  return [
    ...new Set([...USER_PAGES, ...listed.split("\n").filter((page) => page !== "" && existsSync(join(root, page)))]),
  ];
}

function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** A relative link: the file it names from the root on (of a fragment alone: the page itself), and the heading. */
export interface Link {
  readonly page: string;
  readonly text: string;
  readonly file: string;
  readonly anchor: string | undefined;
}

/** The relative links of a page; code is left out. */
export function linksOf(page: string): readonly Link[] {
  const found = withoutCode(readPage(page)).matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g);
  return [...found].map(([text, path = "", anchor]) => ({
    page,
    text,
    file: path === "" ? page : normalize(join(dirname(page), path)),
    anchor,
  }));
}

/** Why a link leads nowhere; `undefined` for one that is right. */
export function problemOf({ file, anchor }: Link): string | undefined {
  const path = join(root, file);
  if (!existsSync(path)) return "no such file";
  if (anchor === undefined) return undefined;
  if (statSync(path).isDirectory() || !file.endsWith(".md")) return "no page, and so no headings";
  return anchorsOf(readPage(file)).includes(anchor) ? undefined : "no such heading";
}

/** What the headings of a page can be linked by, as GitHub makes it of them. */
export function anchorsOf(text: string): readonly string[] {
  const taken = new Map<string, number>();
  return [...withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const before = taken.get(slug) ?? 0;
    taken.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** The rows of all tables of a page: their cells, without the rules. */
export function rowsOf(page: string): readonly (readonly string[])[] {
  const lines = withoutFences(readPage(page)).split("\n");
  return lines
    .filter((line) => line.startsWith("| ") && !/^[|\s:-]+$/.test(line))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim()),
    );
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, "");
}

function withoutCode(text: string): string {
  return withoutFences(text).replaceAll(/`[^`\n]*`/g, "``");
}
