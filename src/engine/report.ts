// Events and counts that several parts of the engine report alike.

import type { CacheEventOf } from "../model/event.ts";
import type { Engine, Target } from "./engine.ts";
import type { Invalidation } from "./recovery.ts";

/** `validate` refused a value. */
export function reportInvalid({ observer }: Engine, key: string, namespace: string | undefined, reason: string): void {
  if (observer.wants("invalid")) observer.notify({ type: "invalid", key, namespace, reason });
}

/** The fence kept something from being stored. */
export function reportRejected({ counters, observer }: Engine, { key, settings }: Target): void {
  counters.fillsRejected++;
  if (observer.wants("fillRejected")) observer.notify({ type: "fillRejected", key, namespace: settings.namespace });
}

/** Something was invalidated, here or by another process. */
export function reportInvalidation(
  { counters, observer }: Engine,
  target: CacheEventOf<"invalidate">["target"],
  name: string | undefined,
  namespace: string | undefined,
  soft: boolean,
  remote: boolean,
): void {
  // Statistics tell what this cache has done.
  if (!remote) counters.invalidations++;
  if (observer.wants("invalidate")) observer.notify({ type: "invalidate", target, name, namespace, soft, remote });
}

/** Says that a namespace, a tag or everything has been invalidated. */
export function reportEpoch(
  engine: Engine,
  { epoch, soft }: Invalidation & { readonly kind: "epoch" },
  remote: boolean,
): void {
  reportInvalidation(engine, epoch.kind === "root" ? "all" : epoch.kind, epoch.name, undefined, soft, remote);
}
