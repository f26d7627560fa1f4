// A tier in a Map: the smallest that keeps its promises.

import type { Tier } from "../../src/contracts/tier.ts";

/** Makes one. */
export function mapTier(): Tier {
  const frames = new Map<string, { readonly frame: Uint8Array; readonly endsAt: number }>();
  const get = (key: string): Uint8Array | undefined => {
    const held = frames.get(key);
    if (held !== undefined && held.endsAt > performance.now()) return held.frame.slice();
    frames.delete(key);
    return undefined;
  };
  return {
    name: "map",
    get: (key) => Promise.resolve(get(key)),
    set(key, frame, lifetimeMs) {
      frames.set(key, { frame: Uint8Array.from(frame), endsAt: performance.now() + lifetimeMs });
      return Promise.resolve();
    },
    delete(key) {
      const existed = get(key) !== undefined;
      frames.delete(key);
      return Promise.resolve(existed);
    },
    async *keys(prefix) {
      for (const key of [...frames.keys()]) if (key.startsWith(prefix) && get(key) !== undefined) yield key;
    },
    close: () => Promise.resolve(),
  };
}
