// Accepting: whether a value may be stored at all, by its kind and by what `validate` says.

import { badInput, CacheError, show } from "../errors.ts";
import { isThenable } from "../model/check.ts";
import type { Refusal } from "../model/validation.ts";
import type { Engine, Target } from "./engine.ts";
import { reportInvalid } from "./report.ts";

/** A value that may be set. @throws CacheError `invalid_value` */
export function checkValue(value: unknown, field: string): void {
  if (value === undefined) throw badInput("invalid_value", field, "anything but undefined, which means a miss", value);
  if (isThenable(value)) {
    throw badInput("invalid_value", field, "a value, not a promise of one: await it first", value);
  }
}

/** What `validate` says where `verb` cannot wait for it; an error `invalid_option` when it is asynchronous. */
export function refusalAtOnce({ settings: { validate } }: Engine, value: unknown, verb: string): Refusal | CacheError {
  const refusal = validate?.(value);
  if (!(refusal instanceof Promise)) return refusal;
  // Nobody hears what becomes of it.
  refusal.catch(() => undefined);
  return badInput("invalid_option", "validate", `synchronous for ${verb}`, refusal);
}

/** Refuses to set what `validate` refused. @throws CacheError `invalid_value` with the reason, or `refusal` itself */
export function assertAccepted(engine: Engine, { key, settings }: Target, refusal: Refusal | CacheError): void {
  if (refusal === undefined) return;
  if (refusal instanceof CacheError) throw refusal;
  reportInvalid(engine, key, settings.namespace, refusal);
  throw new CacheError("invalid_value", `value of ${show(key)} must pass validate, which says: ${refusal}`, { key });
}
