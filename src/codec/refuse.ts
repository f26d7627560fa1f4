// What a codec says about a value that it cannot carry unchanged, and where in it the trouble lies.

import { CacheError, show } from "../errors.ts";

/** The error for a value, or a part of one, that a codec cannot carry unchanged. `path` begins with `value`. */
export function refused(path: string, rule: string, value: unknown): CacheError {
  return new CacheError("unserializable", `${path} must be ${rule}, got ${kindOf(value)}`);
}

/** For what came where data was due: if it is a promise, nobody hears what becomes of it, and that must not end the process. */
export function abandon(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined);
}

/** The way from an object to one of its members, as JavaScript writes it: `.price`, `["unit price"]`, `[3]`. */
export function memberStep(owner: object, key: string | symbol): string {
  if (typeof key === "symbol") return `[${String(key)}]`;
  if (Array.isArray(owner) && INDEX.test(key)) return `[${key}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The way from an instance of a taught class to what it is made of: `<Money>`. */
export function instanceStep(name: string): string {
  return `<${name}>`;
}

const INDEX = /^\d+$/;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A class instance by its class: what it holds may be secret, and is not the reason. */
function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  const constructor: unknown = Reflect.get(value, "constructor");
  const name = typeof constructor === "function" ? constructor.name : "";
  return name === "" ? "an object of an unknown kind" : `an instance of ${name}`;
}
