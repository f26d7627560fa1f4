// TieredCacheModule: gives an application a cache, and closes it when the application ends.

import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type OnApplicationShutdown,
  type Provider,
} from "@nestjs/common";
import { badInput } from "../errors.ts";
import { TieredCacheManager } from "../manager.ts";
import { checkBoolean } from "../model/check.ts";
import { CacheHealthIndicator } from "./health.ts";
import { openCache, type OpenedCache } from "./opened-cache.ts";
import {
  type CacheOptionsFactory,
  type CacheOrOptions,
  checkAsyncOptions,
  isExisting,
  type Registration,
  resolveRegistration,
  type TieredCacheModuleAsyncOptions,
  type TieredCacheModuleOptions,
} from "./options.ts";
import { getCacheToken } from "./token.ts";

/** Where each module notes the cache that it is to close. In NestJS's messages it tells what is missing. */
const OWNED = Symbol("what TieredCacheModule.forRoot() or forRootAsync() makes");
const OPTIONS_FACTORY = Symbol("CacheOptionsFactory");

/**
 * Gives an application a cache: `imports: [TieredCacheModule.forRoot({ ttl: "5m", isGlobal: true })]`. Each application
 * makes its own when it boots, also when several are booted from one module class. Several caches have names.
 *
 * What the module has made it closes in `onApplicationShutdown`, which NestJS calls after the servers have been closed
 * and after the modules that import this one: a request in flight, and the hooks of the application, still have
 * their cache.
 */
export class TieredCacheModule implements OnApplicationShutdown {
  readonly #owned: ReadonlySet<TieredCacheManager>;

  /** Called by NestJS. */
  constructor(owned: ReadonlySet<TieredCacheManager>) {
    this.#owned = owned;
  }

  /**
   * A cache with these options, or one that exists.
   * @throws CacheError `invalid_option`; what is wrong with the options of the cache itself shows when the application
   * boots
   */
  static forRoot(options: TieredCacheModuleOptions = {}): DynamicModule {
    const existing = isExisting(options);
    const registration = resolveRegistration(options);
    if (existing) {
      const closeCache = checkBoolean(options.closeCache, false, "options.closeCache");
      const { cache } = options;
      return moduleOf(registration, () => ({ cache, isOwned: closeCache }));
    }
    const { isDefault: _isDefault, isGlobal: _isGlobal, cache: _cache, ...own } = options;
    return moduleOf(registration, () => openCache(own, registration.name, true, "options"));
  }

  /**
   * A cache whose options, or which itself, is made of what other providers give. Its name is said here, because it
   * has to be known before.
   * @throws CacheError `invalid_option`; what is wrong with what the factory gives shows when the application boots
   */
  static forRootAsync(options: TieredCacheModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const { imports = [], providers = [], closeCache } = options;
    if (closeCache !== undefined) checkBoolean(closeCache, false, "options.closeCache");
    const registration = resolveRegistration(options);
    const { source, make, inject } = sourceOf(options);
    const open: OpenForApplication = async (...dependencies) =>
      openCache(await make(...dependencies), registration.name, closeCache, `the result of ${source}`);
    const { useClass } = options;
    const factory: Provider[] = useClass === undefined ? [] : [{ provide: OPTIONS_FACTORY, useClass }];
    return moduleOf(registration, open, inject, { imports, providers: [...providers, ...factory] });
  }

  /** Called by NestJS. Waits for running refreshes, as `close()` does. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.#owned].map((cache) => cache.close()));
  }
}

// As calls: the sources are to run under tools that only strip types.
Module({})(TieredCacheModule);
Inject(OWNED)(TieredCacheModule, undefined, 0);

/** Makes the cache of one application, of what is injected. */
type OpenForApplication = (...dependencies: unknown[]) => OpenedCache | Promise<OpenedCache>;

/** What makes the options, and of what. */
interface Source {
  /** As the user knows it, for messages. */
  readonly source: string;
  readonly make: (...dependencies: unknown[]) => CacheOrOptions | Promise<CacheOrOptions>;
  readonly inject: NonNullable<TieredCacheModuleAsyncOptions["inject"]>;
}

function sourceOf({ useFactory, inject = [], useExisting }: TieredCacheModuleAsyncOptions): Source {
  if (useFactory !== undefined) return { source: "useFactory", make: useFactory as Source["make"], inject };
  const token = useExisting ?? OPTIONS_FACTORY;
  const source = useExisting === undefined ? "useClass" : "useExisting";
  const make: Source["make"] = (factory) => {
    const { createCacheOptions } = factory as Partial<CacheOptionsFactory>;
    if (typeof createCacheOptions === "function") return (factory as CacheOptionsFactory).createCacheOptions();
    throw badInput("invalid_option", `what options.${source} names`, "an object with createCacheOptions()", factory);
  };
  return { source: `createCacheOptions() of ${source}`, make, inject: [token] };
}

function moduleOf(
  { name, isDefault, isGlobal }: Registration,
  open: OpenForApplication,
  inject: Source["inject"] = [],
  { imports = [], providers = [] }: Pick<DynamicModule, "imports" | "providers"> = {},
): DynamicModule {
  const token = getCacheToken(name);
  const owned: Provider = { provide: OWNED, useFactory: () => new Set() };
  // Nothing is opened before it is injected: a test that overrides this provider connects to nothing.
  const cache: FactoryProvider<TieredCacheManager> = {
    provide: token,
    inject: [OWNED, ...inject],
    useFactory: async (ends: Set<TieredCacheManager>, ...dependencies: unknown[]) => {
      const opened = await open(...dependencies);
      if (opened.isOwned) ends.add(opened.cache);
      return opened.cache;
    },
  };
  const isAlias = isDefault && name !== undefined;
  const alias: Provider[] = isAlias ? [{ provide: TieredCacheManager, useExisting: token }] : [];
  return {
    module: TieredCacheModule,
    global: isGlobal,
    imports,
    providers: [...providers, owned, cache, ...alias, CacheHealthIndicator],
    exports: [token, ...(isAlias ? [TieredCacheManager] : []), CacheHealthIndicator],
  };
}
