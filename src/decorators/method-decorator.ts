// One decorator function for both flavours: tells them apart, checks what it stands on, swaps the method.

import { CacheError } from "../errors.ts";
import { copyMetadata, designTypes, isNoPromise, isPromise, NO_DESIGN_TYPES } from "./metadata.ts";
import { marksOf, NO_MARKS } from "./parameter-marks.ts";
import { type Method, noteOriginal, originalOf, type Site } from "./site.ts";

/** Makes the function that takes the method's place. Called once, when the class is defined. */
export type WrapMethod = (method: Method, site: Site) => Method;

/** What the methods of a decorator return. */
export type Returns = "promise" | "value";

/** What a standard decorator is told; the part used here. */
interface Context {
  readonly kind: string;
  readonly name: string | symbol;
  readonly private?: boolean;
  readonly static?: boolean;
  readonly metadata?: object | undefined;
  readonly addInitializer?: (initializer: (this: object) => void) => void;
}

/**
 * The decorator called `name` in messages. Standard decorators get `(method, context)`, legacy ones
 * `(target, property, descriptor)`; anything else is no method.
 */
export function methodDecorator(
  name: string,
  wrap: WrapMethod,
  returns: Returns = "promise",
): (...args: unknown[]) => unknown {
  return (...args) => {
    const [first, second, third] = args;
    if (isContext(second)) return decorateStandard(name, wrap, returns, first, second);
    if (typeof second === "string" || typeof second === "symbol") {
      return decorateLegacy(name, wrap, returns, first as object, second, third);
    }
    throw notAMethod(name, "a class or a constructor's parameter");
  };
}

/** Whether a value is what a standard decorator gets as its second argument. */
function isContext(value: unknown): value is Context {
  return typeof value === "object" && typeof (value as Context | null)?.kind === "string";
}

/**
 * Refuses a decorator that was not called: `@Cached` in place of `@Cached()` is itself given the method.
 * @throws CacheError `invalid_decorator`
 */
export function assertCalled(name: string, second: unknown): void {
  if (!isContext(second) && typeof second !== "string" && typeof second !== "symbol") return;
  throw new CacheError("invalid_decorator", `${name} must be called, as in ${name}(), got a method`);
}

function decorateStandard(name: string, wrap: WrapMethod, returns: Returns, value: unknown, context: Context): Method {
  if (context.kind !== "method") throw notAMethod(name, `the ${context.kind} ${String(context.name)}`);
  checkReturns(name, String(context.name), returns, value as Method, undefined);
  const site: Site = {
    property: context.name,
    isStatic: context.static === true,
    isPrivate: context.private === true,
    types: NO_DESIGN_TYPES,
    marks: NO_MARKS,
    metadata: context.metadata ?? undefined,
    owner: undefined,
  };
  // A static method's class is known as soon as it is there. Those of objects would cost each new object time.
  if (site.isStatic) {
    context.addInitializer?.(function (this: object) {
      site.owner ??= this;
    });
  }
  return disguise(wrap(value as Method, site), value as Method);
}

function decorateLegacy(
  name: string,
  wrap: WrapMethod,
  returns: Returns,
  target: object,
  property: string | symbol,
  descriptor: unknown,
): PropertyDescriptor {
  const isStatic = typeof target === "function";
  const owner = isStatic ? target : target.constructor;
  const place = `${owner.name}.${String(property)}`;
  if (typeof descriptor === "number") throw notAMethod(name, `a parameter of ${place}`);
  const method: unknown = (descriptor as PropertyDescriptor | undefined)?.value;
  if (typeof method !== "function") throw notAMethod(name, `${place}, a field or an accessor`);
  const types = designTypes(target, property);
  checkReturns(name, place, returns, method as Method, types.returnType);
  const marks = marksOf(target, property);
  const site: Site = { property, isStatic, isPrivate: false, types, marks, metadata: undefined, owner };
  return { ...(descriptor as PropertyDescriptor), value: disguise(wrap(method as Method, site), method as Method) };
}

/** Refuses a method that for sure returns what it should not: by the type written down for it, or as an `async` one. */
function checkReturns(name: string, place: string, returns: Returns, method: Method, type: unknown): void {
  const refuse = (rule: string, found: string): CacheError =>
    new CacheError("invalid_decorator", `${name} must decorate a method that ${rule}, got ${place}, which ${found}`);
  if (returns === "promise") {
    if (isNoPromise(type)) throw refuse("returns a promise", `returns ${type.name}`);
  } else if (isPromise(type)) {
    throw refuse("returns no promise", `returns ${type.name}`);
  } else if (isAsync(method) || isAsync(originalOf(method))) {
    throw refuse("returns no promise", "is async");
  }
}

function isAsync(method: Method): boolean {
  return Object.prototype.toString.call(method) === "[object AsyncFunction]";
}

/** Gives a wrapper the name, length and metadata of its method. */
function disguise(wrapper: Method, method: Method): Method {
  Object.defineProperty(wrapper, "name", { value: method.name, configurable: true });
  Object.defineProperty(wrapper, "length", { value: method.length, configurable: true });
  copyMetadata(method, wrapper);
  noteOriginal(wrapper, method);
  return wrapper;
}

function notAMethod(name: string, found: string): CacheError {
  return new CacheError("invalid_decorator", `${name} must decorate a method, got ${found}`);
}
