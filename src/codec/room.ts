// Room before a payload, for the header of its frame: where there is some, the payload need not be copied.

/** Enough for the header of an entry without tags, or with a few. */
export const ROOM_BYTES = 192;

let last: Uint8Array | undefined;

/** Says that so many bytes before these, in their buffer, are nobody's. */
export function noteRoom<B extends Uint8Array>(bytes: B): B {
  last = bytes;
  return bytes;
}

/** How many bytes before these belong to who asks: once, and only of what was noted last. */
export function takeRoom(bytes: Uint8Array): number {
  if (bytes !== last) return 0;
  last = undefined;
  return ROOM_BYTES;
}
