// The request that a handler gets when it answers for everybody with the same key.

import { parse } from "node:querystring";
import type { IncomingMessage } from "node:http";
import type { KeyedHead } from "../incoming.ts";
import { keyedMessage } from "../node/keyed-message.ts";
import type { AnyRequest, RouteContext } from "./context.ts";
import { copyDecorations } from "./decorations.ts";
import { keepChanges } from "./request-head.ts";

/** Made anew from what the key says. */
const ANEW: ReadonlySet<PropertyKey> = new Set([
  ...["id", "params", "raw", "query", "log", "body", "additionalHeaders"],
]);

type Constructor = new (
  id: string,
  params: unknown,
  raw: IncomingMessage,
  query: unknown,
  log: unknown,
  context: RouteContext,
) => AnyRequest;

/** A request like that of a client, decorated like it, but asking for what the key says. */
export function ownRequest(
  request: AnyRequest,
  keyed: KeyedHead,
  context: RouteContext,
  origin: string | undefined,
): AnyRequest {
  const raw = ownMessage(request, keyed, origin);
  const { id, log } = request;
  const query = queryOf(request, raw.url ?? "");
  const made = new (request.constructor as Constructor)(id, shallow(request.params), raw, query, log, context);
  copyDecorations(request, made, ANEW);
  Object.defineProperty(made, "signal", { value: keyed.signal, configurable: true });
  return made;
}

function ownMessage(request: AnyRequest, keyed: KeyedHead, origin: string | undefined): IncomingMessage {
  // HTTP/2 tells the target and the host by fields of its own.
  const fields = fieldsWithoutTarget(keyed);
  const raw = keyedMessage(request.raw, { ...keyed, fields }, origin);
  // Where a server rewrites URLs the key is made of what comes of it.
  if ("originalUrl" in raw) raw.originalUrl = raw.url;
  keepChanges(request, raw);
  return raw;
}

function fieldsWithoutTarget({ fields }: KeyedHead): KeyedHead["fields"] {
  return fields.without((name) => name.startsWith(":"));
}

/** Parsed and validated as it came, if all of it is part of the key; otherwise what is, in the same way. */
function queryOf(request: AnyRequest, target: string): unknown {
  const [asked, kept] = [searchOf(request.raw.url ?? ""), searchOf(target)];
  if (sorted(asked) === sorted(kept)) return shallow(request.query);
  const query = parserOf(request)(kept);
  const validate = request.getValidationFunction("querystring") as ((data: unknown) => unknown) | undefined;
  const valid = validate?.(query);
  // What a validator of one's own makes of it; others change what they are given.
  return typeof valid === "object" && valid !== null && "value" in valid ? valid.value : query;
}

function searchOf(target: string): string {
  const at = target.indexOf("?");
  return at === -1 ? "" : target.slice(at + 1);
}

function sorted(search: string): string {
  return search
    .split("&")
    .filter((parameter) => parameter !== "")
    .sort()
    .join("&");
}

type Parser = (search: string) => unknown;

interface ServerOptions {
  readonly querystringParser?: Parser;
  readonly routerOptions?: { readonly querystringParser?: Parser };
}

/** As the server was told to. */
function parserOf({ server }: AnyRequest): Parser {
  for (let at: object | null = server; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const key = Object.getOwnPropertySymbols(at).find(({ description }) => description === "fastify.options");
    if (key === undefined) continue;
    const { querystringParser, routerOptions } = (at as Record<symbol, unknown>)[key] as ServerOptions;
    return routerOptions?.querystringParser ?? querystringParser ?? parseAll;
  }
  return parseAll;
}

/** As Fastify does by default: without a limit. */
function parseAll(search: string): unknown {
  return parse(search, "&", "=", { maxKeys: 0 });
}

/** What a handler changes there is not changed for the client. */
function shallow(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.assign(Object.create(Object.getPrototypeOf(value) as object | null) as object, value);
}
