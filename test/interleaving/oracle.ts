// Judges a run by P3, and by the part of P1 that invalidations could break. It sees only what a user could see.

import type { CallerRecord, RefreshRecord, World } from "./world.ts";

/** What is wrong with a world now, in words. */
export function* violations(world: World): Generator<string> {
  yield* tooManyFlights(world);
  if (world.resolvedAt === Infinity) return;
  const stored = world.peek();
  if (stored !== undefined && !isAllowed(world, stored)) yield `the cache holds ${stored}, which was overtaken`;
  for (const caller of world.callers) if (caller.calledAt > world.resolvedAt) yield* judgeLateCaller(world, caller);
}

/** The same for a world that has come to rest. */
export function* violationsAtRest(world: World): Generator<string> {
  yield* violations(world);
  for (const caller of world.callers) {
    if (caller.result === undefined) yield `${caller.name} got no answer`;
    if (caller.calledAt > world.resolvedAt) yield* judgeStaleAnswer(world, caller);
  }
}

/** A stale value is given to be refreshed behind, by a refresh that began after the invalidation. */
function* judgeStaleAnswer(world: World, { name, result }: CallerRecord): Generator<string> {
  const { scenario, refreshes, invalidatedAt, storedBefore } = world;
  const isStale = scenario.verb.soft && storedBefore !== undefined && result === storedBefore;
  // With tags named late, the running flight is thought to do that, until it names them.
  if (!isStale || scenario.verb.tagged === "by refresh") return;
  if (refreshes.every(({ begunAt }) => begunAt < invalidatedAt)) yield `${name} got ${result}, and nobody refreshed it`;
}

/** Whether a value may be read after the invalidation: it is the verb's own, or newer, or was stored and marked stale. */
function isAllowed({ scenario: { verb }, storedBefore, refreshes, invalidatedAt }: World, value: unknown): boolean {
  if (value === verb.stores || (verb.soft && value === storedBefore)) return true;
  return refreshes.some((refresh) => refresh.value === value && refresh.begunAt > invalidatedAt);
}

/** A caller who came when the invalidation had resolved. */
function* judgeLateCaller(world: World, { name, result, begunByThen }: CallerRecord): Generator<string> {
  const { scenario, refreshes, invalidatedAt, storedBefore } = world;
  const { verb, first } = scenario;
  const isOld = result !== undefined && !(result === "failed" && first === "fails") && !isAllowed(world, result);
  if (isOld) yield `${name} came after the invalidation and got ${result}, which was overtaken`;
  // The value of the verb is served; a stale one is refreshed behind, in a turn of its own. And a tag that nobody had
  // named yet when the caller came may turn out to matter only at the end: then the caller reads again.
  const mayBeServed = verb.stores !== undefined || (verb.soft && storedBefore !== undefined);
  if (mayBeServed || verb.tagged === "by refresh") return;
  const hasNewFlight = refreshes.slice(0, begunByThen).some(({ begunAt }) => begunAt > invalidatedAt);
  if (!hasNewFlight) yield `${name} came after the invalidation and no new refresh was called at once`;
}

/** At most one refresh runs at a time before the invalidation, and at most one of those that began after it. */
function* tooManyFlights({ refreshes, invalidatedAt }: World): Generator<string> {
  const isNew = ({ begunAt }: RefreshRecord): boolean => begunAt > invalidatedAt;
  for (const [index, one] of refreshes.entries()) {
    const other = refreshes
      .slice(index + 1)
      .find((later) => later.begunAt < one.endedAt && isNew(later) === isNew(one));
    if (other !== undefined) yield `refresh ${other.begunAt} began while refresh ${one.begunAt} ran`;
  }
}
