// Whether a guard before the route has put a user on the request, or the response: as Passport does it, and most others.

/** @param holder the request; or, as Express has them, the `locals` of the response */
export function isOfUser(holder: unknown): boolean {
  if (typeof holder !== "object" || holder === null || !("user" in holder)) return false;
  return holder.user !== undefined && holder.user !== null && holder.user !== false;
}

/** Whether `Cache-Control`, as middleware has set it before there is an answer, keeps that to its client. */
export function saysPrivate(control: string): boolean {
  return /\b(?:private|no-store)\b/i.test(control);
}

/** What middleware of Express hangs on a response for its views, and handlers. */
export function localsOf(res: object): unknown {
  return "locals" in res ? res.locals : undefined;
}
