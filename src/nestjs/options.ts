// What can be said about a cache of an application, and its checks.

import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from "@nestjs/common";
import { badInput, CacheError } from "../errors.ts";
import { TieredCacheManager } from "../manager.ts";
import { checkBoolean, checkObject } from "../model/check.ts";
import type { CacheOptions } from "../options.ts";
import { checkCacheName } from "./token.ts";

/** How an application knows a cache. */
export interface CacheRegistrationOptions {
  /** What `@InjectCache(name)` asks for. Default: it is the default cache, which is asked for without a name. */
  readonly name?: string | undefined;
  /** Whether it is also what is asked for without a name. Default `true` without a name, else `false`. */
  readonly isDefault?: boolean | undefined;
  /** Whether all modules see it without importing this one. Default `false`. */
  readonly isGlobal?: boolean | undefined;
}

/** The options of a cache that the module makes and closes. Its `name` is also the one it is injected by. */
export interface NewCacheOptions extends CacheOptions<never>, CacheRegistrationOptions {
  readonly cache?: undefined;
}

/** A cache that exists. */
export interface ExistingCacheOptions extends CacheRegistrationOptions {
  readonly cache: TieredCacheManager;
  /** Whether the application closes it at its end. Default `false`: it is somebody else's. */
  readonly closeCache?: boolean | undefined;
}

/** Options of `TieredCacheModule.forRoot`. */
export type TieredCacheModuleOptions = NewCacheOptions | ExistingCacheOptions;

/** What a factory gives: options of a cache, or one that exists. */
export type CacheOrOptions = CacheOptions<never> | TieredCacheManager;

/** A class that makes options, for `useClass` and `useExisting`. */
export interface CacheOptionsFactory {
  createCacheOptions(): CacheOrOptions | Promise<CacheOrOptions>;
}

/** Options of `TieredCacheModule.forRootAsync`: one of `useFactory`, `useClass` and `useExisting`. */
export interface TieredCacheModuleAsyncOptions
  extends CacheRegistrationOptions, Pick<ModuleMetadata, "imports" | "providers"> {
  /** Makes the options, or a cache, of what `inject` names. Options without a `name` get that of the registration. */
  readonly useFactory?: ((...dependencies: never[]) => CacheOrOptions | Promise<CacheOrOptions>) | undefined;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined;
  /** A class that this module makes an instance of. */
  readonly useClass?: Type<CacheOptionsFactory> | undefined;
  /** The token of an instance that one of `imports` exports. */
  readonly useExisting?: InjectionToken | undefined;
  /** Whether the application closes the cache at its end. Default: `true` for options, `false` for a cache. */
  readonly closeCache?: boolean | undefined;
}

/** How an application knows a cache, after one validation. */
export interface Registration {
  /** `undefined`: it is the default cache and has no other name. */
  readonly name: string | undefined;
  readonly isDefault: boolean;
  readonly isGlobal: boolean;
}

const SOURCES = ["useFactory", "useClass", "useExisting"] as const;
const REGISTRATION = ["name", "isDefault", "isGlobal"] as const;
const EXISTING = ["cache", "closeCache", ...REGISTRATION] as const;
const ASYNC = [...SOURCES, ...REGISTRATION, "inject", "imports", "providers", "closeCache"] as const;

/** Checks how a cache is to be known. @throws CacheError `invalid_option` */
export function resolveRegistration(options: CacheRegistrationOptions): Registration {
  const name = checkCacheName(options.name, "options.name", "invalid_option");
  const isDefault = checkBoolean(options.isDefault, name === undefined, "options.isDefault");
  if (!isDefault && name === undefined) {
    throw badInput("invalid_option", "options.isDefault", "true for a cache without a name", isDefault);
  }
  return { name, isDefault, isGlobal: checkBoolean(options.isGlobal, false, "options.isGlobal") };
}

/** Tells the two kinds of options of `forRoot` apart. @throws CacheError `invalid_option` */
export function isExisting(options: TieredCacheModuleOptions): options is ExistingCacheOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw badInput("invalid_option", "options", "an object", options);
  }
  if (options.cache === undefined) return false;
  checkObject<ExistingCacheOptions>(options, EXISTING, "options with a cache");
  if (options.cache instanceof TieredCacheManager) return true;
  throw badInput("invalid_option", "options.cache", "a TieredCacheManager", options.cache);
}

/** Checks the options of `forRootAsync`. @throws CacheError `invalid_option` */
export function checkAsyncOptions(options: TieredCacheModuleAsyncOptions): void {
  checkObject<TieredCacheModuleAsyncOptions>(options, ASYNC, "options");
  const given = SOURCES.filter((source) => options[source] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none" : given.join(" and ");
    throw new CacheError("invalid_option", `options must hold one of ${SOURCES.join(", ")}, got ${found}`);
  }
  for (const source of ["useFactory", "useClass"] as const) {
    const value: unknown = options[source];
    if (value !== undefined && typeof value !== "function") {
      throw badInput("invalid_option", `options.${source}`, source === "useClass" ? "a class" : "a function", value);
    }
  }
}
