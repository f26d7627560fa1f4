// The classes of errors and of bytes that the language has: what a value may be made of besides objects, arrays and a few others.

/** Classes by name. Stored graphs give them these names (`codec/graph-format.ts`): none may be lost. */
export type Classes = Readonly<Record<string, { new (...parameters: never[]): object; readonly prototype: object }>>;

/** The classes of errors that every realm has. */
export const ERRORS: Classes = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
};

/** The classes of bytes. */
export const BYTES: Classes = {
  Buffer,
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

/** What instances of classes have as their prototype, unless somebody has derived from them. */
export function prototypesOf(classes: readonly { readonly prototype: unknown }[]): ReadonlySet<unknown> {
  return new Set(classes.map(({ prototype }) => prototype));
}
