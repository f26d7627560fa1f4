// @KeyParam and @KeyIgnore: what legacy parameter decorators say of the parameters of a method.

import { CacheError, show } from "../errors.ts";

/** What is said of the parameters of a method, by their indexes. */
export interface ParameterMarks {
  readonly names: ReadonlyMap<number, string>;
  readonly ignored: ReadonlySet<number>;
}

/** A legacy decorator of a parameter of a method. */
export type KeyParameterDecorator = (target: object, property: string | symbol, index: number) => void;

interface Marks extends ParameterMarks {
  readonly names: Map<number, string>;
  readonly ignored: Set<number>;
}

/** Nothing said. */
export const NO_MARKS: ParameterMarks = Object.freeze({ names: new Map(), ignored: new Set<number>() });

/** By prototype, or class for static methods; then by the method's name. */
const marked = new WeakMap<object, Map<string | symbol, Marks>>();

/**
 * Names a parameter for templates: `find(@KeyParam("id") id: number)` lets `{id}` work whatever a minifier does. Only for
 * legacy decorators (`experimentalDecorators`); standard ones know no parameters, see the option `params`.
 * @throws CacheError `invalid_option`; `invalid_decorator` on anything but a method's parameter
 */
export function KeyParam(name: string): KeyParameterDecorator {
  if (typeof name !== "string" || name === "") {
    throw new CacheError("invalid_option", `@KeyParam must be given the name of a parameter, got ${show(name)}`);
  }
  return mark("@KeyParam", ({ names }, index) => names.set(index, name));
}

/**
 * Leaves a parameter out of keys that are made of all arguments: a logger, a transaction. For legacy decorators, as
 * {@link KeyParam}.
 * @throws CacheError `invalid_decorator` on anything but a method's parameter
 */
export function KeyIgnore(): KeyParameterDecorator {
  return mark("@KeyIgnore", ({ ignored }, index) => ignored.add(index));
}

/** What was said of the parameters of a method. Parameters are decorated before their method. */
export function marksOf(target: object, property: string | symbol): ParameterMarks {
  return marked.get(target)?.get(property) ?? NO_MARKS;
}

function mark(name: string, note: (marks: Marks, index: number) => void): KeyParameterDecorator {
  return (target, property: unknown, index: unknown) => {
    const isMethod = typeof property === "string" || typeof property === "symbol";
    if (!isMethod || typeof index !== "number") {
      const rule = "must decorate a parameter of a method, with experimentalDecorators";
      throw new CacheError("invalid_decorator", `${name} ${rule}`);
    }
    const methods = marked.get(target) ?? new Map<string | symbol, Marks>();
    const marks = methods.get(property) ?? { names: new Map(), ignored: new Set() };
    note(marks, index);
    marked.set(target, methods.set(property, marks));
  };
}
