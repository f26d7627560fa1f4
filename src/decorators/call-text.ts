// Compiles templates and key functions for one method, with what is known about its parameters.

import { badInput } from "../errors.ts";
import {
  buildKeyTemplate,
  type KeyFromCall,
  type ParameterName,
  type ResolvedPlaceholder,
  resolvePlaceholders,
} from "../model/key-template.ts";
import { parseKeyTemplate, templateError } from "../model/key-template-parser.ts";
import { isNoKeyPart } from "./metadata.ts";
import { type Method, originalOf, type Site } from "./method-decorator.ts";
import { parameterNames } from "./parameter-names.ts";

/** Compiles texts for one method. */
export interface CallTextCompiler {
  /** A template or function. @throws CacheError `invalid_option` or `invalid_key_template` */
  compile(source: unknown, field: string): KeyFromCall;
  /** The same for templates only; a template without placeholders gives its text. */
  compileTemplate(template: unknown, field: string): KeyFromCall | string;
}

/**
 * The compiler for a method.
 * @param params names given by the user instead of those in the method's source
 */
export function callTextCompiler(method: Method, site: Site, params: unknown): CallTextCompiler {
  checkParams(params);
  const compileTemplate = (template: unknown, field: string): KeyFromCall | string => {
    if (typeof template !== "string") throw badInput("invalid_option", field, "a template", template);
    const parsed = parseKeyTemplate(template);
    const named = parsed.placeholders.flatMap(({ root }) => (root.kind === "name" ? [root.name] : []));
    const names = named.length === 0 ? [] : (params ?? namesInSource(method, template, named));
    const placeholders = resolvePlaceholders(parsed, names);
    for (const placeholder of placeholders) checkType(template, placeholder, site);
    const compiled = buildKeyTemplate(parsed, placeholders);
    return placeholders.length === 0 ? compiled(undefined, []) : compiled;
  };
  return {
    compileTemplate,
    compile(source, field) {
      if (typeof source === "function") return (self, args) => Reflect.apply(source, self, args) as string;
      if (typeof source !== "string") throw badInput("invalid_option", field, "a template or a function", source);
      const text = compileTemplate(source, field);
      return typeof text === "string" ? () => text : text;
    },
  };
}

function checkParams(params: unknown): asserts params is readonly string[] | undefined {
  const isNames = Array.isArray(params) && params.every((name) => typeof name === "string" && name !== "");
  if (params !== undefined && !isNames) throw badInput("invalid_option", "params", "an array of names", params);
}

/**
 * A minifier may have given one-letter names to other parameters than the author's `{a}` meant, so those are refused.
 */
function namesInSource(method: Method, template: string, used: readonly string[]): readonly ParameterName[] {
  const names = parameterNames(originalOf(method));
  const short = used.find((name) => name.length === 1 && names.includes(name));
  if (short === undefined) return names;
  const rule = "must not rely on a one-letter name, which may be a minifier's";
  throw templateError(template, `${rule} (use an index such as {0}, or the option params), got {${short}}`);
}

function checkType(template: string, { text, index, path }: ResolvedPlaceholder, { types }: Site): void {
  const type = path.length === 0 ? types.parameterTypes[index] : undefined;
  if (!isNoKeyPart(type)) return;
  const rule = `must name a property of an object, such as {${text}.someProperty}`;
  throw templateError(template, `${rule}, got {${text}}, whose type is ${type.name}`);
}
