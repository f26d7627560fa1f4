// @CacheDefaults: options for all decorated methods of a class.

import { badInput, CacheError } from "../errors.ts";
import { checkFunctionOptions, planCalls } from "../model/call-plan.ts";
import { checkObject } from "../model/check.ts";
import { compileText } from "../model/key-template.ts";
import { parseKeyTemplate, templateError } from "../model/key-template-parser.ts";
import { CALL_NAMES } from "../model/call.ts";
import { findCache } from "./cache-source.ts";
import { checkId } from "./default-key.ts";
import { claimSites } from "./methods.ts";
import type { CacheDefaultsOptions, CachedOptions } from "./types.ts";

/** Decorates classes, in both flavours. */
export type CacheDefaultsDecorator = (type: abstract new (...args: never[]) => unknown, context?: unknown) => void;

const defaults = new WeakMap<object, CacheDefaultsOptions>();

const NAMES = [...CALL_NAMES, "cache", "enabled", "id"].filter((name) => name !== "signal");

/**
 * Options for all decorated methods of a class that do not say otherwise: `@CacheDefaults({ namespace: "products" })`.
 * Subclasses inherit them for the methods they add, and may have some of their own; an inherited method keeps those of
 * its own class. Namespace and tags may be templates of properties of `this`. It stands below decorators that put
 * another class in the place of this one.
 * @throws CacheError `invalid_option`, `invalid_key_template`; `invalid_decorator` on anything but a class
 */
export function CacheDefaults(options: CacheDefaultsOptions): CacheDefaultsDecorator {
  checkObject(options, NAMES as never, "options");
  const { cache, id, ...others } = options;
  findCache(cache, undefined);
  checkId(id);
  if (others.tags !== undefined && !Array.isArray(others.tags)) {
    throw badInput("invalid_option", "tags", "an array of templates", others.tags);
  }
  checkFunctionOptions(others, []);
  planCalls(others, compileForClass);
  return (type, context) => {
    if (typeof type !== "function" || isOfMember(context)) {
      throw new CacheError("invalid_decorator", "@CacheDefaults must decorate a class, got something else");
    }
    defaults.set(type, options);
    claimSites(type);
  };
}

/** The defaults of a class and those it inherits; the `id` is that of the very class. */
export function defaultsOf(owner: object | undefined): CachedOptions {
  const found: CacheDefaultsOptions[] = [];
  for (let type: object | null = owner ?? null; type !== null; type = Object.getPrototypeOf(type) as object | null) {
    const own = defaults.get(type);
    if (own !== undefined) found.unshift(withoutUndefined(own));
  }
  const id = owner && defaults.get(owner)?.id;
  return { ...Object.assign({}, ...found), id };
}

/** The options that say something. */
export function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Standard decorators of members get a context of another kind, legacy ones the member's name. */
function isOfMember(context: unknown): boolean {
  const isOfClass = typeof context === "object" && context !== null && "kind" in context && context.kind === "class";
  return context !== undefined && !isOfClass;
}

function compileForClass(template: unknown, field: string): string | ReturnType<typeof compileText> {
  if (typeof template !== "string") throw badInput("invalid_option", field, "a template", template);
  for (const { root, text } of parseKeyTemplate(template).placeholders) {
    if (root.kind === "this") continue;
    throw templateError(template, `must name properties of this only, such as {this.tenant}, got {${text}}`);
  }
  return compileText(template, []);
}
