// What the cache asks of the server below NestJS: Express, or Fastify.

import type { ServerResponse } from "node:http";
import type { KeyedHead, OwnAnswer, StoredAnswer } from "../../http/incoming.ts";
import type { RouteSettings } from "../../http/options.ts";
import type { RequestHead } from "../../http/policy/message.ts";
import type { Captured } from "../../http/node/captured-response.ts";

/** A request and a response, as the server calls them: what NestJS gives to guards, interceptors and methods. */
export interface Exchange {
  readonly req: object;
  readonly res: object;
}

/** A request and a response that have no client. */
export interface OwnExchange extends Exchange, Omit<Captured<ServerResponse>, "res"> {}

/** What the cache has an answer of. */
export type Sendable = StoredAnswer | OwnAnswer;

export interface Platform {
  readonly responseOf: (res: object) => ServerResponse;
  readonly headOf: (req: object, res: object) => RequestHead;
  /** Whether it is a request that a cache may be asked about. */
  readonly isOrdinary: (req: object) => boolean;
  /** Whether middleware has called what this client gets its own. */
  readonly isCalledPrivate: (res: object) => boolean;
  /** For a run on behalf of everybody. */
  readonly captured: (client: Exchange, keyed: KeyedHead, origin: string | undefined) => OwnExchange;
  readonly removeHeader: (res: object, name: string) => void;
  /** Never rejects: whoever has left, or whatever breaks off, ends the response. */
  readonly send: (res: object, answer: Sendable, head: RequestHead, settings: RouteSettings) => void;
  /** What NestJS calls on a response to answer with the result of a method. */
  readonly replies: readonly string[];
}

/** Lets the next thing that NestJS answers with be what `send` sends, whatever it is. */
export function onReply(res: object, { replies }: Platform, send: () => void): void {
  const methods = res as Record<string, unknown>;
  const known = replies.filter((name) => name in res);
  const own = known.map((name) => methods[name]);
  const instead = (): object => {
    for (const [at, name] of known.entries()) methods[name] = own[at];
    send();
    return res;
  };
  for (const name of known) methods[name] = instead;
}
