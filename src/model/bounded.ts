// Maps that forget their oldest members.

/** Drops the oldest member of a map that has grown by one beyond its bound. */
export function forgetOldest(map: Map<unknown, unknown>, maxSize: number): void {
  if (map.size <= maxSize) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
