// What frameworks and middleware have hung on a message of Node's, given to another that takes its place.

import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";

/** What every message has of its own: state of its connection and its stream, which is not given away. */
const OWN: ReadonlySet<string> = ownNames();

function ownNames(): Set<string> {
  const request = new IncomingMessage(new Socket());
  return new Set([...Object.keys(request), ...Object.keys(new ServerResponse(request))]);
}

/**
 * Users, sessions, `locals`, parameters of the route: by reference. Functions and what begins with `_` are left out: those were put there
 * for the one connection.
 */
export function copyAdded(from: object, to: object): void {
  for (const [name, described] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
    const isForOne = OWN.has(name) || name.startsWith("_") || typeof described.value === "function";
    if (!isForOne) Object.defineProperty(to, name, { ...described, configurable: true });
  }
}
