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

/** Where each module keeps its cache. In NestJS's messages it tells what is missing. */
const OPENED = Symbol("what TieredCacheModule.forRoot() or forRootAsync() opens");
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
  readonly #opened: OpenedCache;

  /** Called by NestJS. */
  constructor(opened: OpenedCache) {
    this.#opened = opened;
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
      return moduleOf(registration, { provide: OPENED, useFactory: () => ({ cache, isOwned: closeCache }) });
    }
    const { isDefault: _isDefault, isGlobal: _isGlobal, cache: _cache, ...own } = options;
    const open = (): OpenedCache => openCache(own, registration.name, true, "options");
    return moduleOf(registration, { provide: OPENED, useFactory: open });
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
    const opened: FactoryProvider<OpenedCache> = {
      provide: OPENED,
      inject,
      useFactory: async (...dependencies: unknown[]) =>
        openCache(await make(...dependencies), registration.name, closeCache, `the result of ${source}`),
    };
    const { useClass } = options;
    const factory: Provider[] = useClass === undefined ? [] : [{ provide: OPTIONS_FACTORY, useClass }];
    return moduleOf(registration, opened, { imports, providers: [...providers, ...factory] });
  }

  /** Called by NestJS. Waits for running refreshes, as `close()` does. */
  async onApplicationShutdown(): Promise<void> {
    if (this.#opened.isOwned) await this.#opened.cache.close();
  }
}

// As calls: the sources are to run under tools that only strip types.
Module({})(TieredCacheModule);
Inject(OPENED)(TieredCacheModule, undefined, 0);

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
  opened: Provider<OpenedCache>,
  { imports = [], providers = [] }: Pick<DynamicModule, "imports" | "providers"> = {},
): DynamicModule {
  const token = getCacheToken(name);
  const provider: Provider = { provide: token, useFactory: ({ cache }: OpenedCache) => cache, inject: [OPENED] };
  const isAlias = isDefault && name !== undefined;
  const alias: Provider[] = isAlias ? [{ provide: TieredCacheManager, useExisting: token }] : [];
  return {
    module: TieredCacheModule,
    global: isGlobal,
    imports,
    providers: [...providers, opened, provider, ...alias, CacheHealthIndicator],
    exports: [token, ...(isAlias ? [TieredCacheManager] : []), CacheHealthIndicator],
  };
}
