// How to reach Redis: the options that say it, checked and complete.

import type { ConnectionOptions } from "node:tls";
import { badInput, CacheError } from "../errors.ts";
import { checkInteger, checkObject } from "../model/check.ts";
import { parseUrl } from "./url.ts";
import type { RedisEndpoint } from "./connection.ts";
import type { RedisAddress, RedisTierOptions } from "./options.ts";

/** Defaults of what says how to reach Redis. */
export const TARGET_DEFAULTS = {
  url: "redis://localhost:6379",
  port: 6379,
  sentinelPort: 26_379,
  db: 0,
} as const;

/** A server's address, complete. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How to authenticate, and the rest that all ways of connecting have in common. */
export interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: ConnectionOptions | undefined;
}

/** How to reach Redis. */
export type RedisTarget =
  | { readonly kind: "client"; readonly client: RedisEndpoint }
  | { readonly kind: "server"; readonly address: Address; readonly login: Login }
  | { readonly kind: "cluster"; readonly addresses: readonly Address[]; readonly login: Login }
  | {
      readonly kind: "sentinel";
      readonly group: string;
      readonly addresses: readonly Address[];
      readonly login: Login;
      readonly sentinelLogin: Omit<Login, "db">;
    };

const WAYS = ["url", "host", "cluster", "sentinel", "client"] as const;
const LOGIN = ["db", "username", "password", "tls"] as const;

/** Options that say how to reach Redis. */
export const TARGET_OPTIONS: readonly (keyof RedisTierOptions)[] = [...WAYS, ...LOGIN, "port"];

/** Checks what says how to reach Redis. @throws CacheError `invalid_option` */
export function resolveTarget(options: RedisTierOptions, field: string): RedisTarget {
  const ways = WAYS.filter((way) => options[way] !== undefined);
  if (ways.length > 1) {
    throw new CacheError("invalid_option", `${field} must hold one of ${WAYS.join(", ")}, got ${ways.join(" and ")}`);
  }
  if (options.port !== undefined && options.host === undefined) {
    throw badInput("invalid_option", `${field}.port`, "absent unless host is given", options.port);
  }
  switch (ways[0]) {
    case "client":
      return { kind: "client", client: checkClient(options, field) };
    case "cluster":
      return resolveCluster(options, field);
    case "sentinel":
      return resolveSentinel(options, field);
    case "host":
      return { kind: "server", address: address(options, TARGET_DEFAULTS.port, field), login: login(options, field) };
    default:
      return resolveUrl(options, field);
  }
}

function checkClient(options: RedisTierOptions, field: string): RedisEndpoint {
  const { client } = options;
  const isClient = typeof client === "object" && client !== null && "evalshaBuffer" in client && "duplicate" in client;
  if (!isClient) throw badInput("invalid_option", `${field}.client`, "a client of ioredis or iovalkey", client);
  checkPrefix(client.options.keyPrefix ?? "", `${field}.client.options.keyPrefix`);
  for (const name of [...LOGIN, "connectTimeout"] as const) {
    if (options[name] === undefined) continue;
    throw badInput(
      "invalid_option",
      `${field}.${name}`,
      "absent when client is given, which has its own",
      options[name],
    );
  }
  // It has the rest too: the libraries declare it, each in its own way.
  return client as unknown as RedisEndpoint;
}

function resolveCluster(options: RedisTierOptions, field: string): RedisTarget {
  const addresses = addressList(options.cluster, TARGET_DEFAULTS.port, `${field}.cluster`);
  const { db } = login(options, field);
  if (db !== 0) throw badInput("invalid_option", `${field}.db`, "0, the only database of a cluster", db);
  return { kind: "cluster", addresses, login: login(options, field) };
}

function resolveSentinel(options: RedisTierOptions, field: string): RedisTarget {
  const { sentinel } = options;
  checkObject<NonNullable<typeof sentinel>>(
    sentinel,
    ["group", "addresses", "username", "password", "tls"],
    `${field}.sentinel`,
  );
  const { db: _none, ...sentinelLogin } = login(sentinel, `${field}.sentinel`);
  return {
    kind: "sentinel",
    group: checkText(sentinel.group, `${field}.sentinel.group`),
    addresses: addressList(sentinel.addresses, TARGET_DEFAULTS.sentinelPort, `${field}.sentinel.addresses`),
    login: login(options, field),
    sentinelLogin,
  };
}

function resolveUrl(options: RedisTierOptions, field: string): RedisTarget {
  const url = parseUrl(options.url ?? TARGET_DEFAULTS.url);
  // The message leaves the URL out: it may hold a password.
  if (url === undefined) {
    throw new CacheError("invalid_option", `${field}.url must be redis:// or rediss:// with host, port and database`);
  }
  const { username, password, tls, db } = login(options, field);
  return {
    kind: "server",
    address: { host: url.host, port: url.port },
    login: {
      username: username ?? url.username,
      password: password ?? url.password,
      tls: tls ?? (url.isSecure ? {} : undefined),
      db: options.db === undefined ? url.db : db,
    },
  };
}

function login(from: Pick<RedisTierOptions, "db" | "username" | "password" | "tls">, field: string): Login {
  const { tls } = from;
  if (tls !== undefined && typeof tls !== "boolean" && (typeof tls !== "object" || tls === null)) {
    throw badInput("invalid_option", `${field}.tls`, "true, false or an object of TLS options", tls);
  }
  return {
    username: from.username === undefined ? undefined : checkText(from.username, `${field}.username`),
    // The message leaves it out.
    password: from.password === undefined ? undefined : checkSecret(from.password, `${field}.password`),
    db: checkInteger(from.db, 0, TARGET_DEFAULTS.db, `${field}.db`),
    tls: tls === true ? {} : tls === false ? undefined : tls,
  };
}

function checkSecret(value: unknown, field: string): string {
  if (typeof value === "string") return value;
  throw badInput("invalid_option", field, "a string", typeof value);
}

/** A string that is not empty. @throws CacheError `invalid_option` */
export function checkText(value: unknown, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw badInput("invalid_option", field, "a non-empty string", value);
}

/** What goes in front of keys: braces there would put the keys of one entry in different slots of a cluster. */
export function checkPrefix(value: unknown, field: string): string {
  if (typeof value === "string" && !/[{}]/.test(value)) return value;
  throw badInput("invalid_option", field, "a string without braces", value);
}

function addressList(value: unknown, port: number, field: string): Address[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw badInput("invalid_option", field, "an array of at least one { host, port }", value);
  }
  return value.map((one: unknown, index) => {
    checkObject<RedisAddress>(one, ["host", "port"], `${field}[${index}]`);
    return address(one, port, `${field}[${index}]`);
  });
}

function address({ host, port }: Pick<RedisTierOptions, "host" | "port">, fallback: number, field: string): Address {
  return { host: checkText(host, `${field}.host`), port: checkInteger(port, 1, fallback, `${field}.port`) };
}
