// What the compiler says of a decorator and the method below it: each wrong fit shows a text in its message.

import type { CheckTemplates } from "./template-types.ts";
import type { CachedOptions, InvalidatesOptions, KeyFunction } from "./types.ts";

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Refuses properties that `Known` does not have: a generic parameter lets them pass. */
type CheckNames<Given, Known> = [Exclude<keyof Given, keyof Known>] extends [never]
  ? unknown
  : `there is no option ${Exclude<keyof Given, keyof Known> & string}`;

/**
 * The parameters of a method; `never` for one with several signatures, of which only the last can be seen: of those
 * nothing is said here.
 */
export type ArgsOf<Method> = Method extends (...args: infer Args) => unknown
  ? ((...args: Args) => never) extends Method
    ? Args
    : never
  : never;

/** What a method resolves to. */
type ResultOf<Method> = Method extends (...args: never[]) => infer Result ? Awaited<Result> : never;

/** The first text among checks; `unknown` when there is none. */
export type FirstOf<Checks extends readonly unknown[]> = Checks extends readonly [infer First, ...infer Others]
  ? unknown extends First
    ? FirstOf<Others>
    : First
  : unknown;

/** Whether a key function takes the arguments of the method. */
export type CheckKey<Key, Method> = Key extends KeyFunction
  ? CheckArguments<Key, Method, "the key function must accept the parameters of the method">
  : Key extends string
    ? CheckTemplates<Key, ArgsOf<Method>>
    : unknown;

type CheckArguments<Fn, Method, Text> = Method extends (...args: infer Args) => unknown
  ? Fn extends (...args: Args) => unknown
    ? unknown
    : Text
  : unknown;

type CheckResult<Fn, Method, Text> = Fn extends (first: infer First, ...args: never[]) => unknown
  ? IsAny<ResultOf<Method>> extends true
    ? unknown
    : [ResultOf<Method>] extends [First]
      ? unknown
      : Text
  : unknown;

type Option<Options, Name extends PropertyKey> = Name extends keyof Options ? Options[Name] : undefined;

type Functional<T> = Extract<T, (...args: never[]) => unknown>;

/** Whether functions among the options take what the method takes and returns. */
type CheckFunctions<Options, Method> = FirstOf<
  [
    CheckOfArguments<Options, "condition", Method>,
    CheckOfArguments<Options, "refresh", Method>,
    CheckOfResult<Options, "unless", Method>,
    CheckOfResult<Options, "tags", Method>,
    CheckOfResult<Options, "ttl", Method>,
    CheckOfResult<Options, "isNegative", Method>,
  ]
>;

type CheckOfArguments<Options, Name extends string, Method> = [Functional<Option<Options, Name>>] extends [never]
  ? unknown
  : CheckArguments<
      Functional<Option<Options, Name>>,
      Method,
      `the option ${Name} must accept the parameters of the method`
    >;

type CheckOfResult<Options, Name extends string, Method> = [Functional<Option<Options, Name>>] extends [never]
  ? unknown
  : CheckResult<Functional<Option<Options, Name>>, Method, `the option ${Name} must accept what the method returns`>;

/** The templates among the options. */
type TemplatesIn<Options> =
  | Extract<Option<Options, "namespace">, string>
  | (Option<Options, "tags"> extends infer Tags
      ? Tags extends readonly (infer Tag)[]
        ? Extract<Tag, string>
        : never
      : never);

/** Everything there is to check of a cached method, but what it returns. */
type Fits<Method, Key, Options> = FirstOf<
  [
    CheckNames<Options, CachedOptions>,
    CheckKey<Key, Method>,
    CheckTemplates<TemplatesIn<Options>, ArgsOf<Method>>,
    CheckFunctions<Options, Method>,
  ]
>;

/** Resolves to `unknown` for a method that returns a promise, else to a text for the compiler to show. */
export type ReturnsPromise<Method, Text> = Method extends (...args: never[]) => infer Result
  ? [Result] extends [Promise<unknown>]
    ? unknown
    : Text
  : "only methods can be decorated";

/** Resolves to `unknown` for a method that returns no promise, else to a text for the compiler to show. */
type ReturnsAtOnce<Method, Text> = Method extends (...args: never[]) => infer Result
  ? IsAny<Result> extends true
    ? unknown
    : [Extract<Result, PromiseLike<unknown>>] extends [never]
      ? unknown
      : Text
  : "only methods can be decorated";

/** The context of standard decorators of methods; not their own type, which refuses methods that declare their `this`. */
interface MethodContext {
  readonly kind: "method";
  readonly name: string | symbol;
}

type CheckCached<Method, Key, Options> = FirstOf<
  [ReturnsPromise<Method, "the method must return a promise: use @CachedSync">, Fits<Method, Key, Options>]
>;

/**
 * Decorates methods of which `CheckCached` says nothing, in both flavours: standard decorators, and `experimentalDecorators`.
 * @throws CacheError `invalid_decorator` or `invalid_key_template` when the class is defined
 */
export interface CachedDecorator<Key = undefined, Options = CachedOptions> {
  <Method>(method: Method & CheckCached<Method, Key, Options>, context: MethodContext): Method;
  <Method>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method & CheckCached<Method, Key, Options>>,
  ): TypedPropertyDescriptor<Method>;
}

type CheckCachedSync<Method, Key, Options> = FirstOf<
  [ReturnsAtOnce<Method, "the method must not return a promise: use @Cached">, Fits<Method, Key, Options>]
>;

/** The same for synchronous methods. */
export interface CachedSyncDecorator<Key = undefined, Options = CachedOptions> {
  <Method>(method: Method & CheckCachedSync<Method, Key, Options>, context: MethodContext): Method;
  <Method>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method & CheckCachedSync<Method, Key, Options>>,
  ): TypedPropertyDescriptor<Method>;
}

/** The templates and key functions of an invalidation. */
type CheckTarget<Target, Method> = Target extends string | KeyFunction
  ? CheckKey<Target, Method>
  : FirstOf<
      [
        CheckKeys<Listed<Option<Target, "keys">>, Method>,
        CheckTemplates<Extract<Listed<Option<Target, "tags">> | Option<Target, "namespace">, string>, ArgsOf<Method>>,
      ]
    >;

type Listed<T> = T extends readonly (infer Item)[] ? Item : T;

type CheckKeys<Keys, Method> = FirstOf<
  [
    CheckTemplates<Extract<Keys, string>, ArgsOf<Method>>,
    [Extract<Keys, KeyFunction>] extends [never] ? unknown : CheckKey<Extract<Keys, KeyFunction>, Method>,
  ]
>;

type CheckInvalidates<Method, Target, Options> = FirstOf<
  [
    ReturnsPromise<Method, "the method must return a promise">,
    CheckNames<Options, InvalidatesOptions>,
    CheckTarget<Target, Method>,
    CheckTemplates<TemplatesIn<Options>, ArgsOf<Method>>,
  ]
>;

/** Decorates methods that return a promise, in both flavours. */
export interface InvalidatesDecorator<Target = string, Options = InvalidatesOptions> {
  <Method>(method: Method & CheckInvalidates<Method, Target, Options>, context: MethodContext): Method;
  <Method>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method & CheckInvalidates<Method, Target, Options>>,
  ): TypedPropertyDescriptor<Method>;
}
