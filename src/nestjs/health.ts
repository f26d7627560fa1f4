// A health indicator of an application's caches, in the form that @nestjs/terminus shows.

import { Inject, Injectable } from "@nestjs/common";
import { ModuleRef } from "@nestjs/core";
import { badInput } from "../errors.ts";
import type { TieredCacheManager } from "../manager.ts";
import type { CacheHealth, HealthStatus } from "../model/health.ts";
import { getCacheToken } from "./token.ts";

/** How a cache is. */
export interface CacheHealthReport {
  readonly status: "up" | "down";
  /** What `health()` of the cache says: it is what `status` was made of. */
  readonly cache: HealthStatus;
  readonly tiers: CacheHealth["tiers"];
  readonly reasons: CacheHealth["reasons"];
}

/** The report under the key that was asked for: what indicators of `@nestjs/terminus` return. */
export type CacheHealthResult<Key extends string = string> = Readonly<Record<Key, CacheHealthReport>>;

/**
 * Says how a cache is: `health.check([() => indicator.isServing("cache")])`. What it returns is what the indicators of
 * `@nestjs/terminus` return from version 11 on, where `down` is a result and no error; it needs no part of it.
 */
export class CacheHealthIndicator {
  readonly #modules: ModuleRef;

  /** Called by NestJS. */
  constructor(modules: ModuleRef) {
    this.#modules = modules;
  }

  /**
   * `up` as long as nothing is wrong, and `down` as soon as the shared tier is away: for those who repair it. Use
   * {@link isServing} where `down` takes the process out of service.
   * @param key under which the report stands
   * @param name of the cache. Default: the default cache
   * @throws CacheError `invalid_argument` for a key or a cache that there is not
   */
  isHealthy<const Key extends string>(key: Key, name?: string): Promise<CacheHealthResult<Key>> {
    return this.#report(key, name, (status) => status === "healthy");
  }

  /**
   * `up` as long as the cache can do its work, if only for this process because the shared tier is away: for
   * probes of readiness. `down` once it is closed.
   * @param key under which the report stands
   * @param name of the cache. Default: the default cache
   * @throws CacheError `invalid_argument` for a key or a cache that there is not
   */
  isServing<const Key extends string>(key: Key, name?: string): Promise<CacheHealthResult<Key>> {
    return this.#report(key, name, (status) => status !== "down");
  }

  async #report<Key extends string>(
    key: Key,
    name: string | undefined,
    isUp: (status: HealthStatus) => boolean,
  ): Promise<CacheHealthResult<Key>> {
    if (typeof key !== "string" || key === "") throw badInput("invalid_argument", "key", "a non-empty string", key);
    const { status, tiers, reasons } = await this.#cache(name).health();
    const report: CacheHealthReport = { status: isUp(status) ? "up" : "down", cache: status, tiers, reasons };
    return { [key]: report } as CacheHealthResult<Key>;
  }

  #cache(name: string | undefined): TieredCacheManager {
    const token = getCacheToken(name);
    try {
      return this.#modules.get<TieredCacheManager>(token, { strict: false });
    } catch {
      throw badInput("invalid_argument", "name", "that of a cache of this application", name ?? "the default one");
    }
  }
}

Injectable()(CacheHealthIndicator);
Inject(ModuleRef)(CacheHealthIndicator, undefined, 0);
