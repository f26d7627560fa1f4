// Whether a guard before the route has put a user on the request: as Passport does it, and most others.

export function isOfUser(request: object): boolean {
  return "user" in request && request.user !== undefined && request.user !== null && request.user !== false;
}
