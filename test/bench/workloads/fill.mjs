// How the workloads put entries in and check what they get.

/** A refresh function that gives whatever the workload says next. */
export function controlledRefresh() {
  const refresh = async () => {
    refresh.calls++;
    return refresh.value;
  };
  refresh.calls = 0;
  refresh.value = undefined;
  return refresh;
}

/** Stores by the cache's own `set`, or by a refresh where it has none or a set could not carry the tag. */
export async function fill(cache, keys, values, refresh) {
  for (const [i, key] of keys.entries()) {
    if (cache.set) {
      await cache.set(key, values[i]);
    } else {
      refresh.value = values[i];
      await cache.getOrRefresh(key);
    }
  }
}

export function assertEqual(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what} must be ${expected}, got ${actual}`);
}
