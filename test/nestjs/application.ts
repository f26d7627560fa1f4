// Boots real NestJS applications on real sockets, and ends them after each test.

import type { INestApplication, Type, DynamicModule } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";

/** An application that answers over a socket. */
export interface Booted {
  readonly app: INestApplication;
  /** The body of the answer; fails unless the status is a good one. */
  read(path: string, init?: RequestInit): Promise<string>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

const running = new Set<INestApplication>();

afterEach(async () => {
  const all = [...running];
  running.clear();
  await Promise.all(all.map((app) => app.close()));
});

/** Boots an application. Rejects with what keeps it from booting. */
export async function boot(module: Type | DynamicModule): Promise<Booted> {
  const app = await NestFactory.create(module, { logger: false, abortOnError: false });
  running.add(app);
  await app.listen(0, "127.0.0.1");
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init);
  return {
    app,
    fetch: ask,
    async read(path, init) {
      const answer = await ask(path, init);
      const body = await answer.text();
      if (!answer.ok) throw new Error(`${answer.status} ${body}`);
      return body;
    },
  };
}

/** Closes an application before its test ends. */
export async function end({ app }: Booted): Promise<void> {
  running.delete(app);
  await app.close();
}
