// The key of a call without a template: a name, and all arguments.

import { badInput } from "../errors.ts";
import type { KeyFromCall } from "../model/key-template.ts";
import { encodeData } from "./encode-data.ts";
import { hashText } from "./key-formats.ts";

/** Longer arguments are put into the key as their hash: keys have a limit, and long ones cost at each call. */
const MAX_ENCODED = 200;

/**
 * `Products.find(7,"de")`. Arguments that are `undefined` at the end are dropped, so that a parameter left out is one
 * that is `undefined`; an AbortSignal counts as `undefined`.
 * @param prefix what stands before the arguments, without `(`
 * @param place the function, for messages
 * @param ignored indexes of arguments that do not matter
 */
export function defaultKey(prefix: string, place: string, ignored: ReadonlySet<number>): KeyFromCall {
  const isLeftOut = (args: readonly unknown[], index: number): boolean =>
    args[index] === undefined || ignored.has(index) || args[index] instanceof AbortSignal;
  return (_self, args) => {
    let count = args.length;
    while (count > 0 && isLeftOut(args, count - 1)) count--;
    let text = "";
    for (let i = 0; i < count; i++) {
      const argument = isLeftOut(args, i) ? undefined : args[i];
      text += `${i === 0 ? "" : ","}${encodeData(argument, () => `argument ${i} of ${place}`)}`;
    }
    return text.length > MAX_ENCODED ? `${prefix}(#${hashText(text)})` : `${prefix}(${text})`;
  };
}

/** The option `id`. @throws CacheError `invalid_option` */
export function checkId(id: unknown): asserts id is string | undefined {
  if (id === undefined || (typeof id === "string" && id !== "")) return;
  throw badInput("invalid_option", "id", "a non-empty string", id);
}
