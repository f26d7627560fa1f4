// Estimates how many bytes a live value takes, for a memory tier bounded by bytes.

const WORD = 8;
const OBJECT = 24;

/**
 * Bytes of a value with all that it holds, and of its key. An estimate from V8's layout on 64 bits (strings one byte
 * a Latin-1 character, else two; 24 bytes an object and 8 a slot): right within a factor of two for plain data, which
 * is what a bound needs. Shared and cyclic references count once.
 */
export function sizeOfValue(value: unknown, key: string): number {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  let bytes = sizeOfString(key);
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === "object" && next !== null) {
      if (seen.has(next)) continue;
      seen.add(next);
      bytes += sizeOfObject(next, pending);
    } else {
      bytes += typeof next === "string" ? sizeOfString(next) : 2 * WORD;
    }
  }
  return bytes;
}

function sizeOfString(text: string): number {
  // Buffer.byteLength tells without allocating whether a string is ASCII; V8 stores Latin-1 in one byte as well.
  return OBJECT + (Buffer.byteLength(text) === text.length ? text.length : 2 * text.length);
}

/** Bytes of one object alone; what it refers to is left in `pending`. */
function sizeOfObject(object: object, pending: unknown[]): number {
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) return 4 * OBJECT + object.byteLength;
  if (object instanceof Map) {
    for (const [key, member] of object) pending.push(key, member);
    return OBJECT + 4 * WORD * object.size;
  }
  if (object instanceof Set) {
    for (const member of object) pending.push(member);
    return OBJECT + 3 * WORD * object.size;
  }
  const members = Object.values(object) as unknown[];
  for (const member of members) pending.push(member);
  return OBJECT + WORD * members.length;
}
