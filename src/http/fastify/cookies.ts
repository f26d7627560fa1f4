// Cookies that @fastify/cookie keeps on a reply until its hook before sending writes them. A run has no such hooks: its cookies go to its client.

import { keyNamed, type AnyReply } from "./context.ts";

/** As the plugin notes them, whatever they are. */
export type Cookies = ReadonlyMap<unknown, unknown>;

const KEPT = "fastify.reply.setCookies";

/** What a handler has set by `reply.setCookie` or `reply.clearCookie`, and what nobody has written yet; `undefined`: nothing. */
export function cookiesKept(reply: AnyReply): Cookies | undefined {
  const kept = keptOn(reply);
  return kept === undefined || kept.size === 0 ? undefined : kept;
}

/** Lets the hook write them with the answer of this reply. */
export function keepCookies(reply: AnyReply, cookies: Cookies): void {
  const key = keyNamed(reply, KEPT);
  if (key === undefined) return;
  void Object.assign(reply, { [key]: new Map([...(keptOn(reply) ?? []), ...cookies]) });
}

function keptOn(reply: AnyReply): Cookies | undefined {
  const key = keyNamed(reply, KEPT);
  const kept: unknown = key === undefined ? undefined : Reflect.get(reply, key);
  return kept instanceof Map ? kept : undefined;
}
