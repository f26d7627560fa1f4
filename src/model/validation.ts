// `validate`: turns what the user gave, a schema or a function, into one function that says why a value is refused.

import { isThenable } from "./check.ts";
import type { StandardResult, StandardSchema } from "../contracts/standard-schema.ts";

/** Why a value is refused; `undefined` when it may be cached. */
export type Refusal = string | undefined;

/** The normal form of `validate`. Asynchronous where the schema is. */
export type Validate = (value: unknown) => Refusal | Promise<Refusal>;

/** The normal form of a schema or function. A function refuses by returning `false`, or by throwing. */
export function toValidate(validator: StandardSchema | ((value: unknown) => unknown)): Validate {
  const check =
    typeof validator === "function" && !("~standard" in validator)
      ? (value: unknown) => settle(validator(value), ofVerdict)
      : (value: unknown) => settle((validator as StandardSchema)["~standard"].validate(value), ofResult);
  return (value) => {
    try {
      return check(value);
    } catch (error) {
      return messageOf(error);
    }
  };
}

function settle<V>(outcome: V | PromiseLike<V>, judge: (verdict: V) => Refusal): Refusal | Promise<Refusal> {
  return isThenable(outcome) ? Promise.resolve(outcome).then(judge, messageOf) : judge(outcome);
}

function ofVerdict(verdict: unknown): Refusal {
  return verdict === false ? "validate returned false" : undefined;
}

function ofResult({ issues }: StandardResult): Refusal {
  return issues === undefined ? undefined : issues.map(({ message }) => message).join("; ");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
