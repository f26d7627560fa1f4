// What frameworks and middleware have hung on a message of Node's, given to another that takes its place.

import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";

/** What every message has of its own: state of its connection and its stream, which is not given away. */
const OWN: ReadonlySet<string> = ownNames();

function ownNames(): Set<string> {
  const request = new IncomingMessage(new Socket());
  return new Set([...Object.keys(request), ...Object.keys(new ServerResponse(request))]);
}

/** Whether a function is given on as well. */
type TakesFunction = (name: string) => boolean;

/**
 * Users, sessions, parameters of the route, and functions such as `isAuthenticated`: by reference. Functions in the place of a
 * method of the message are left out, and `next`: they are for the one connection.
 */
export function copyAddedToRequest(from: object, to: object): void {
  copyAdded(from, to, (name) => name !== "next" && !(name in Object.getPrototypeOf(from)));
}

/** `locals` and the like, by reference. Functions are left out: they would write to the client of `from`. */
export function copyAddedToResponse(from: object, to: object): void {
  copyAdded(from, to, () => false);
}

/** What begins with `_` is left out: middleware notes there what concerns the one connection. */
function copyAdded(from: object, to: object, takesFunction: TakesFunction): void {
  for (const [name, described] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
    if (OWN.has(name) || name.startsWith("_")) continue;
    if (typeof described.value === "function" && !takesFunction(name)) continue;
    Object.defineProperty(to, name, { ...described, configurable: true });
  }
}
