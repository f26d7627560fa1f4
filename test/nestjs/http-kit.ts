// Real NestJS applications with cached routes, on Express and on Fastify.

import { type INestApplication, Module, type ModuleMetadata, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { Agent, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach } from "vitest";
import { TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { TieredCacheModule } from "../../src/nestjs/index.ts";
import { FakeClock } from "../support/fake-clock.ts";

export const PLATFORMS = ["express", "fastify"] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/** What the responses of Express and the replies of Fastify have in common. */
export interface Reply {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: unknown): unknown;
  readonly raw?: ServerResponse;
}

export interface Site {
  readonly app: INestApplication;
  readonly cache: TieredCacheManager;
  readonly clock: FakeClock;
  readonly port: number;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  /** Status, and body. */
  readonly read: (path: string, init?: RequestInit) => Promise<string>;
  /** How the cache came to its answer, without the time that is left. */
  readonly way: (path: string, init?: RequestInit) => Promise<string>;
}

export interface SiteOptions extends Pick<ModuleMetadata, "imports" | "providers"> {
  readonly platform: PlatformName;
  readonly controllers: Type[];
  readonly configure?: (app: INestApplication) => void;
  readonly cache?: Partial<CacheOptions<never>>;
  /** Whether the server believes whoever asks what proxies say. */
  readonly trustsProxies?: boolean;
}

const running = new Set<() => Promise<unknown>>();

afterEach(async () => {
  const all = [...running];
  running.clear();
  for (const end of all) await end();
});

/** Boots an application whose cache, and its routes, go by a clock of the test's. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const { platform, controllers, configure, imports = [], providers = [], trustsProxies = false } = options;
  const clock = new FakeClock();
  const cache = new TieredCacheManager({ name: "site", clock, ...options.cache });
  @Module({ imports: [TieredCacheModule.forRoot({ cache, isGlobal: true }), ...imports], controllers, providers })
  class App {}
  const adapter = platform === "fastify" ? new FastifyAdapter({ trustProxy: trustsProxies }) : new ExpressAdapter();
  if (adapter instanceof ExpressAdapter) adapter.set("trust proxy", trustsProxies);
  const app = await NestFactory.create(App, adapter, { logger: false, abortOnError: false });
  running.add(async () => {
    await app.close();
    await cache.close();
  });
  configure?.(app);
  await app.listen(0, "127.0.0.1");
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init });
  return {
    ...{ app, cache, clock, port, fetch: ask },
    async read(path, init) {
      const answer = await ask(path, init);
      return `${answer.status} ${await answer.text()}`;
    },
    async way(path, init) {
      const answer = await ask(path, init);
      await answer.text();
      return wayOf(answer);
    },
  };
}

export function wayOf({ headers }: Response): string {
  return (headers.get("cache-status") ?? "none").replace(/; ttl=-?[\d.]+/, "");
}

/** As many connections of their own as there are requests. */
export async function crowd(port: number, path: string, size: number): Promise<string[]> {
  const agent = new Agent({ maxSockets: size });
  const one = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, agent }, (answer) => {
        text(answer).then((body) => resolve(`${answer.statusCode} ${body}`), reject);
      });
      asked.on("error", reject).end();
    });
  try {
    return await Promise.all(Array.from({ length: size }, one));
  } finally {
    agent.destroy();
  }
}
