// Compiles templates and key functions for one function, with what is known about its parameters.

import { badInput } from "../errors.ts";
import {
  buildKeyTemplate,
  type KeyFromCall,
  type ParameterName,
  type ResolvedPlaceholder,
  resolvePlaceholders,
  toKey,
} from "../model/key-template.ts";
import { parseKeyTemplate, templateError } from "../model/key-template-parser.ts";
import { KEY_FORMATS } from "./key-formats.ts";
import { isNoKeyPart } from "./metadata.ts";
import { looksMinified, parameterNames } from "./parameter-names.ts";
import { originalOf, type Method, type Site } from "./site.ts";

/** What is known about a function. */
export interface Callee extends Pick<Site, "types" | "marks"> {
  readonly method: Method;
  /** Names given by the user instead of those in the source. They have been checked. */
  readonly params: readonly string[] | undefined;
}

/** Compiles texts for one function. */
export interface CallTextCompiler {
  /** A template or function. @throws CacheError `invalid_option` or `invalid_key_template` */
  readonly compile: (source: unknown, field: string) => KeyFromCall;
  /** The same for templates only; a template without placeholders gives its text. */
  readonly compileTemplate: (template: unknown, field: string) => KeyFromCall | string;
}

/** The compiler for a function. */
export function callTextCompiler(callee: Callee): CallTextCompiler {
  const compileTemplate = (template: unknown, field: string): KeyFromCall | string => {
    if (typeof template !== "string") throw badInput("invalid_option", field, "a template", template);
    const parsed = parseKeyTemplate(template);
    const named = parsed.placeholders.flatMap(({ root }) => (root.kind === "name" ? [root.name] : []));
    const placeholders = resolvePlaceholders(parsed, named.length === 0 ? [] : namesOf(callee, template, named));
    for (const placeholder of placeholders) checkPlaceholder(template, placeholder, callee);
    const compiled = buildKeyTemplate(parsed, placeholders, KEY_FORMATS);
    return placeholders.length === 0 ? compiled(undefined, []) : compiled;
  };
  return {
    compileTemplate,
    compile(source, field) {
      if (typeof source === "function") return (self, args) => Reflect.apply(source, self, args) as string;
      if (typeof source !== "string") throw badInput("invalid_option", field, "a template or a function", source);
      return toKey(compileTemplate(source, field));
    },
  };
}

/**
 * The names of the parameters: of `@KeyParam`, else of `params`, else those in the source. A minifier may have given
 * short names to other parameters than the author's `{a}` meant, so such names are refused where they come from the source.
 */
function namesOf({ method, params, marks }: Callee, template: string, used: readonly string[]): ParameterName[] {
  const given = [...(params ?? [])] as ParameterName[];
  for (const [index, name] of marks.names) given[index] = name;
  if (params !== undefined || used.every((name) => given.includes(name))) return given;
  const original = originalOf(method);
  const read = parameterNames(original);
  const mayBeMangled = looksMangled(original, read);
  const mangled = used.find((name) => !given.includes(name) && read.includes(name) && mayBeMangled(name));
  if (mangled === undefined) return Array.from(read, (name, index) => given[index] ?? name);
  const rule = `must not rely on a ${mangled.length === 1 ? "one" : "two"}-letter name, which may be a minifier's`;
  throw templateError(template, `${rule} (use an index such as {0}, or the option params), got {${mangled}}`);
}

/**
 * A minifier gives out two letters only when it is out of single ones: then other parameters have those. That white
 * space is missing alone says nothing, since tsx leaves it out, too.
 */
function looksMangled(method: Method, names: readonly ParameterName[]): (name: string) => boolean {
  const hasShort = names.some((name) => name?.length === 1) && looksMinified(method);
  return (name) => name.length === 1 || (name.length === 2 && hasShort);
}

function checkPlaceholder(template: string, placeholder: ResolvedPlaceholder, { types, marks }: Callee): void {
  const { text, index, path, format } = placeholder;
  if (marks.ignored.has(index)) {
    throw templateError(template, `must not name a parameter that @KeyIgnore leaves out, got {${text}}`);
  }
  const type = path.length === 0 && format === undefined ? types.parameterTypes[index] : undefined;
  if (!isNoKeyPart(type)) return;
  const rule =
    type.name === "Array"
      ? `must name a member or a hash of an array, such as {${text}:hash}`
      : `must name a property of an object, such as {${text}.someProperty}`;
  throw templateError(template, `${rule}, got {${text}}, whose type is ${type.name}`);
}
