// Which invalidation a command stands for.

import { idsOf, PATTERNS, textOf, type Command, type Id } from "./command.ts";
import type { Scope } from "./reference-store.ts";

/** An invalidation, for the ledger. */
export interface Invalidation {
  readonly scope: Scope;
  readonly soft: boolean;
}

/** The keys of some ids. */
export function keysScope(ids: readonly Id[]): Scope {
  const texts = new Set(ids.map(textOf));
  return { of: "keys", includes: (id) => texts.has(textOf(id)) };
}

/** The keys of a namespace that match a pattern. */
export function matchingScope(namespace: string | undefined, pattern: string): Scope {
  const keys = PATTERNS[pattern] ?? [];
  return { of: "keys", includes: (id) => id.namespace === namespace && keys.includes(id.key) };
}

/** The invalidations of a command. `set` and `setMany` have their own. */
export function invalidationsOf(command: Command): Invalidation[] {
  switch (command.do) {
    case "delete":
      return [{ scope: keysScope([command.id]), soft: false }];
    case "deleteMany":
      return [{ scope: keysScope(idsOf(command)), soft: false }];
    case "deleteMatching":
      return [{ scope: matchingScope(command.namespace, command.pattern), soft: false }];
    case "markStale":
      return [{ scope: keysScope([command.id]), soft: true }];
    case "invalidateTags":
      return command.tags.map((name) => ({ scope: { of: "tag", name }, soft: false }));
    case "markTagsStale":
      return command.tags.map((name) => ({ scope: { of: "tag", name }, soft: true }));
    case "clearNamespace":
      return [{ scope: { of: "namespace", name: command.namespace }, soft: false }];
    case "markNamespaceStale":
      return [{ scope: { of: "namespace", name: command.namespace }, soft: true }];
    case "clear":
      return [{ scope: { of: "all" }, soft: false }];
    default:
      return [];
  }
}
