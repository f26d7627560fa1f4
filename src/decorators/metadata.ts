// What `emitDecoratorMetadata` tells about a method, and metadata that other decorators left on it.

import "reflect-metadata";

/** Types the compiler wrote down; `undefined` where it did not. */
export interface DesignTypes {
  readonly returnType: unknown;
  readonly parameterTypes: readonly unknown[];
}

/** Nothing known. */
export const NO_DESIGN_TYPES: DesignTypes = Object.freeze({ returnType: undefined, parameterTypes: [] });

/** Types whose values a placeholder takes. `Object` stands for everything the compiler could not name. */
const KEY_TYPES: readonly unknown[] = [String, Number, Boolean, BigInt, Date, Object];

/** The types written down for a method of a class (`target` is its prototype, or the class for a static one). */
export function designTypes(target: object, property: string | symbol): DesignTypes {
  const parameterTypes: unknown = Reflect.getOwnMetadata("design:paramtypes", target, property);
  return {
    returnType: Reflect.getOwnMetadata("design:returntype", target, property),
    parameterTypes: Array.isArray(parameterTypes) ? parameterTypes : [],
  };
}

/** Whether values of a type are no promises for sure. `Object` and `undefined` say nothing. */
export function isNoPromise(type: unknown): type is Constructor {
  return type !== Object && isConstructor(type) && typeof type.prototype?.["then"] !== "function";
}

/** Whether values of a type are promises for sure. */
export function isPromise(type: unknown): type is Constructor {
  return isConstructor(type) && typeof type.prototype?.["then"] === "function";
}

/** Whether values of a type cannot be part of a key for sure. */
export function isNoKeyPart(type: unknown): type is Constructor {
  return isConstructor(type) && !KEY_TYPES.includes(type) && !(type.prototype instanceof Date);
}

/** Carries over what decorators such as `SetMetadata` of NestJS stored on the method itself. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getOwnMetadataKeys(from) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, from), to);
  }
}

interface Constructor {
  readonly name: string;
  readonly prototype: Readonly<Record<string, unknown>> | undefined;
}

function isConstructor(type: unknown): type is Constructor {
  return typeof type === "function";
}
