// The client's Context in a run for the cache. Renderers and the application's `notFound` hold it, whoever they work for: while that is a
// run, what they read of the request and what they write are those of the run's own Context.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "hono";

/** Whose place a Context takes. */
interface Loan {
  readonly client: Context;
  readonly own: Context;
}

/**
 * Renderers wait, and the client's answer is made meanwhile: so it matters who calls, and not when. Its first use makes all promises of
 * the process a little slower before Node 24, so nothing else goes by it.
 */
const loans = new AsyncLocalStorage<Loan>();
const prepared = new WeakSet<Context>();

const METHODS = [
  ...(["body", "html", "json", "newResponse", "redirect", "text"] as const),
  ...(["get", "header", "set", "status"] as const),
];
const PROPERTIES = ["req", "res", "var"] as const;

/** Calls `work`, for which the client's Context acts as `own` does. */
export function lend<T>(client: Context, own: Context, work: () => T): T {
  prepare(client);
  return loans.run({ client, own }, work);
}

/** From here on a Context looks who calls. */
function prepare(client: Context): void {
  if (prepared.has(client)) return;
  prepared.add(client);
  for (const name of METHODS) lendMethod(client, name);
  for (const name of PROPERTIES) lendProperty(client, name);
}

function lendMethod(client: Context, name: (typeof METHODS)[number]): void {
  const method = client[name] as (...args: unknown[]) => unknown;
  const lent = (...args: unknown[]): unknown => {
    const own = borrowerOf(client);
    return own === undefined ? method(...args) : (own[name] as typeof method)(...args);
  };
  Object.assign(client, { [name]: lent });
}

function lendProperty(client: Context, name: (typeof PROPERTIES)[number]): void {
  const prototype = Object.getPrototypeOf(client) as object;
  Object.defineProperty(client, name, {
    configurable: true,
    get: () => borrowerOf(client)?.[name] ?? (Reflect.get(prototype, name, client) as unknown),
    set: (value) => {
      Reflect.set(prototype, name, value, borrowerOf(client) ?? client);
    },
  });
}

function borrowerOf(client: Context): Context | undefined {
  const loan = loans.getStore();
  return loan?.client === client ? loan.own : undefined;
}
