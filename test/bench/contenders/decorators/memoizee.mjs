// memoizee: a function in front of a function, for promises.

import memoizee from "memoizee";

export const contender = {
  name: "memoizee",
  notes: { "decorated-hit": "a function, no decorator" },
  create({ maxEntries, ttlMs, load }) {
    const product = memoizee(async (id) => load(id), {
      promise: true,
      primitive: true,
      max: maxEntries,
      maxAge: ttlMs,
    });
    return { product };
  },
};
