// What is going on in requests that have come to the cache: what they are to be answered with, and which are the cache's own.

import type { ExecutionContext } from "@nestjs/common";

/** What a request is answered with when all interceptors around the cache have had their turn. */
interface Ending {
  readonly give: () => void;
  /** Instead, when one of them has thrown. */
  readonly drop: () => void;
}

const endings = new WeakMap<ExecutionContext, Ending | "open">();
const own = new WeakSet<object>();

/** A request with which the cache itself asks a route. */
export function noteOwn(req: object): void {
  own.add(req);
}

export function isOwn(context: ExecutionContext): boolean {
  return own.has(context.getArgByIndex<object>(0));
}

/** Of several caches in the way of a request the first one answers. */
export function begin(context: ExecutionContext): boolean {
  if (endings.has(context)) return false;
  endings.set(context, "open");
  return true;
}

export function endWith(context: ExecutionContext, ending: Ending): void {
  endings.set(context, ending);
}

/** `undefined`: NestJS answers with the result, as ever. */
export function endingOf(context: ExecutionContext): Ending | undefined {
  const ending = endings.get(context);
  return ending === "open" ? undefined : ending;
}
