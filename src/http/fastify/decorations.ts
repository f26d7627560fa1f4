// What hooks and plugins have put on a request or a reply of Fastify, given to another that takes its place.

/** What Fastify itself keeps there is about one request, but for these: they concern how an answer is made. */
const CARRIED: ReadonlySet<string> = new Set(["fastify.reply.serializer", "fastify.reply.startTime"]);

/** Users, sessions, whatever has been decorated: by reference. A function in the place of a method was put there for the one. */
export function copyDecorations(from: object, to: object, except: ReadonlySet<PropertyKey>): void {
  const methods = Object.getPrototypeOf(from) as object;
  for (const key of Reflect.ownKeys(from)) {
    if (except.has(key) || (typeof key === "symbol" && isOfFastify(key))) continue;
    const described = Object.getOwnPropertyDescriptor(from, key);
    if (described === undefined || (typeof described.value === "function" && key in methods)) continue;
    Object.defineProperty(to, key, { ...described, configurable: true });
  }
}

function isOfFastify({ description = "" }: symbol): boolean {
  return description.startsWith("fastify.") && !CARRIED.has(description);
}
