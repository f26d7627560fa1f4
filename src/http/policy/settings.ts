// What the policy can be told: which kind of cache it serves, and what holds where a response says nothing.

import { checkBoolean, checkChoice, checkNumber, checkObject } from "../../model/check.ts";
import { durationOr, type Duration, type Milliseconds } from "../../model/duration.ts";
import { badInput } from "../../errors.ts";
import { isToken } from "./syntax.ts";

/** How much of HTTP the cache is to do: all of it, as a proxy, or what is safe for the routes of a server. */
export type PolicyMode = "full" | "route";

/** What becomes of responses with `Set-Cookie` in a shared cache. */
export type SetCookieRule =
  /** They are not stored. */
  | "never"
  /** They are stored where the response is explicitly public. */
  | "public"
  /** `Set-Cookie` does not matter, as RFC 9111 §7.3 has it. */
  | "store";

/** Options of the policy. */
export interface PolicyOptions {
  /** Whether several users are answered from the cache, as by a proxy or a server. `false`: one, as by a browser. Default `true`. */
  readonly shared?: boolean | undefined;
  /**
   * `"full"`: RFC 9111 as far as it goes. `"route"`: no `Set-Cookie` and no 206 is stored, `Vary` only of declared
   * headers, credentials only where declared or explicitly allowed, and clients do not direct the cache. Default `"full"`.
   */
  readonly mode?: PolicyMode | undefined;
  /** Targeted fields, first come first (RFC 9213). Default: `CDN-Cache-Control` in a shared cache, none in a private one. */
  readonly targets?: readonly string[] | undefined;
  /** How long a response without an error is fresh that does not say so itself. Default: that is guessed (RFC 9111 §4.2.2). */
  readonly ttl?: Duration | undefined;
  /** Part of the time since `Last-Modified` that a response without a lifetime stays fresh; 0: it does not. Default 0.1. */
  readonly heuristicFraction?: number | undefined;
  /** The longest of such lifetimes. Default 1 day. */
  readonly maxHeuristic?: Duration | undefined;
  /** Grace of a response that does not say `stale-while-revalidate` itself. Default 0. */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** Grace of a response that does not say `stale-if-error` itself. Default 0. */
  readonly staleIfError?: Duration | undefined;
  /** Whether `Cache-Control` and `Pragma` of a request count. Default: in full mode. */
  readonly obeyRequests?: boolean | undefined;
  /** Default `"public"` in full mode, `"never"` in route mode. A private cache stores them. */
  readonly setCookie?: SetCookieRule | undefined;
  /** Request headers that the cache key contains: in route mode, `Vary` and credentials of others keep a response out. Default none. */
  readonly declared?: readonly string[] | undefined;
  /** Whether a response fit for its most wanted language is given, whatever else the client accepts. Default `false`. */
  readonly selectLanguage?: boolean | undefined;
}

/** The same, checked and complete. */
export interface PolicySettings {
  readonly isShared: boolean;
  readonly mode: PolicyMode;
  readonly targets: readonly string[];
  readonly ttlMs: Milliseconds | undefined;
  readonly heuristicFraction: number;
  readonly maxHeuristicMs: Milliseconds;
  readonly staleWhileRevalidateMs: Milliseconds;
  readonly staleIfErrorMs: Milliseconds;
  readonly obeysRequests: boolean;
  readonly setCookie: SetCookieRule;
  readonly declared: ReadonlySet<string>;
  readonly selectsLanguage: boolean;
}

/** What holds where nothing is said. */
export const POLICY_DEFAULTS: Readonly<{
  heuristicFraction: number;
  maxHeuristic: Duration;
  targets: readonly string[];
}> = Object.freeze({ heuristicFraction: 0.1, maxHeuristic: "1d", targets: Object.freeze(["CDN-Cache-Control"]) });

const KNOWN: readonly (keyof PolicyOptions)[] = [
  ...(["shared", "mode", "targets", "ttl", "heuristicFraction", "maxHeuristic", "staleWhileRevalidate"] as const),
  ...(["staleIfError", "obeyRequests", "setCookie", "declared", "selectLanguage"] as const),
];

/** @throws CacheError `invalid_option` */
export function resolvePolicy(options: PolicyOptions = {}): PolicySettings {
  checkObject<PolicyOptions>(options, KNOWN, "policy");
  const isShared = checkBoolean(options.shared, true, "policy.shared");
  const mode = checkChoice(options.mode, ["full", "route"], "full", "policy.mode");
  const targets = fieldNamesOr(options.targets, isShared ? POLICY_DEFAULTS.targets : [], "policy.targets");
  return Object.freeze({
    isShared,
    mode,
    targets,
    ...resolveTimes(options),
    obeysRequests: checkBoolean(options.obeyRequests, mode === "full", "policy.obeyRequests"),
    setCookie: setCookieRule(options.setCookie, mode),
    declared: new Set(fieldNamesOr(options.declared, [], "policy.declared")),
    selectsLanguage: checkBoolean(options.selectLanguage, false, "policy.selectLanguage"),
  });
}

type Times = Pick<
  PolicySettings,
  "ttlMs" | "heuristicFraction" | "maxHeuristicMs" | "staleWhileRevalidateMs" | "staleIfErrorMs"
>;

function resolveTimes(options: PolicyOptions): Times {
  const { heuristicFraction, maxHeuristic } = POLICY_DEFAULTS;
  const maxField = options.maxHeuristic ?? maxHeuristic;
  return {
    ttlMs: durationOr(options.ttl, undefined, "policy.ttl"),
    heuristicFraction: checkNumber(options.heuristicFraction, 1, heuristicFraction, "policy.heuristicFraction"),
    maxHeuristicMs: durationOr(maxField, 0, "policy.maxHeuristic"),
    staleWhileRevalidateMs: durationOr(options.staleWhileRevalidate, 0, "policy.staleWhileRevalidate"),
    staleIfErrorMs: durationOr(options.staleIfError, 0, "policy.staleIfError"),
  };
}

function setCookieRule(value: unknown, mode: PolicyMode): SetCookieRule {
  const rules = ["never", "public", "store"] as const;
  const rule = checkChoice(value, rules, mode === "full" ? "public" : "never", "policy.setCookie");
  if (mode === "full" || rule === "never") return rule;
  throw badInput("invalid_option", "policy.setCookie", '"never" in route mode', value);
}

/** Names of fields, in lower case. */
function fieldNamesOr(value: unknown, fallback: readonly string[], field: string): readonly string[] {
  const names = value ?? fallback;
  if (!Array.isArray(names)) throw badInput("invalid_option", field, "a list of field names", value);
  return names.map((name: unknown, index) => {
    if (typeof name === "string" && isToken(name)) return name.toLowerCase();
    throw badInput("invalid_option", `${field}[${index}]`, "the name of a field", name);
  });
}
