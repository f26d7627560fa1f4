// The grammar of key templates: literal text, `{placeholder}` or `{placeholder:format}`, and `{{` or `}}` for a brace.

import { CacheError, show } from "../errors.ts";

/** Where a placeholder finds its value. */
export type PlaceholderRoot =
  | { readonly kind: "this" }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "name"; readonly name: string };

/** One `{…}` of a template. */
export interface Placeholder {
  /** As it stands in the template, without its braces. */
  readonly text: string;
  readonly root: PlaceholderRoot;
  /** The properties read one after the other: `["address", "city"]` for `{user.address.city}`. */
  readonly path: readonly string[];
  /** How the value becomes text: `"hash"` for `{filters:hash}`. */
  readonly format: string | undefined;
}

/** A template taken apart: `literals[0] placeholders[0] literals[1] …`, always one literal more than placeholders. */
export interface ParsedKeyTemplate {
  readonly template: string;
  readonly literals: readonly string[];
  readonly placeholders: readonly Placeholder[];
}

const MAX_INDEX = 99;
const IDENTIFIER = "[\\p{ID_Start}$_][\\p{ID_Continue}$\\u200c\\u200d]*";
const PLACEHOLDER = new RegExp(`^(${IDENTIFIER}|\\d+)((?:\\.(?:${IDENTIFIER}|\\d+))*)(:.*)?$`, "su");
const LONE_SURROGATE = /\p{Surrogate}/u;
const BRACE = /\{\{|\}\}|\{|\}/g;

/**
 * Takes a template apart.
 * @throws CacheError `invalid_key_template` for an empty template, a brace without its partner, or a placeholder that
 * is neither a parameter's name, nor an index, nor a property of `this`
 */
export function parseKeyTemplate(template: string): ParsedKeyTemplate {
  if (typeof template !== "string" || template === "") {
    throw new CacheError("invalid_key_template", `a key template must be a non-empty string, got ${show(template)}`);
  }
  if (LONE_SURROGATE.test(template)) throw templateError(template, "must be well-formed Unicode, got a lone surrogate");
  const literals: string[] = [];
  const placeholders: Placeholder[] = [];
  let literal = "";
  let at = 0;
  BRACE.lastIndex = 0;
  for (let brace = BRACE.exec(template); brace !== null; brace = BRACE.exec(template)) {
    literal += template.slice(at, brace.index);
    at = BRACE.lastIndex;
    if (brace[0].length === 2) {
      literal += brace[0][0];
      continue;
    }
    const end = closingBrace(template, brace.index);
    placeholders.push(parsePlaceholder(template, template.slice(at, end)));
    literals.push(literal);
    literal = "";
    at = BRACE.lastIndex = end + 1;
  }
  return { template, literals: [...literals, literal + template.slice(at)], placeholders };
}

/** A template that stands for just this text. */
export function literalTemplate(text: string): string {
  return text.replace(/[{}]/g, "$&$&");
}

/** A problem of a template, in the words all such messages share. */
export function templateError(template: string, problem: string): CacheError {
  return new CacheError("invalid_key_template", `key template ${JSON.stringify(template)} ${problem}`);
}

function closingBrace(template: string, open: number): number {
  const end = template.indexOf("}", open);
  const nested = template.indexOf("{", open + 1);
  if (template[open] === "{" && end >= 0 && (nested < 0 || nested > end)) return end;
  const rule = `must close every brace it opens, and write a literal brace twice`;
  throw templateError(template, `${rule}, got a lone "${template[open]}" at position ${open}`);
}

function parsePlaceholder(template: string, text: string): Placeholder {
  if (text === "") throw templateError(template, "must say in each placeholder what it stands for, got {}");
  const [, root, path, format] = PLACEHOLDER.exec(text) ?? [];
  if (root === undefined || path === undefined) {
    const rule = "must have a parameter's name, an index or a property of this in each placeholder";
    throw templateError(template, `${rule}, such as {id}, {0}, {user.id} or {this.tenant}, got {${text}}`);
  }
  const rooted = parseRoot(template, root, path);
  return { text, root: rooted, path: path.split(".").slice(1), format: format?.slice(1) };
}

function parseRoot(template: string, root: string, path: string): PlaceholderRoot {
  if (root === "this") {
    if (path === "") throw templateError(template, "must name a property of this, such as {this.tenant}, got {this}");
    return { kind: "this" };
  }
  if (!/^\d/.test(root)) return { kind: "name", name: root };
  const index = Number(root);
  if (index > MAX_INDEX || root !== String(index)) {
    throw templateError(template, `must have indexes from 0 to ${MAX_INDEX} without leading zeros, got {${root}}`);
  }
  return { kind: "index", index };
}
