// The workloads, in the order in which they run.

const ids = [
  "hit",
  "hit-refresh",
  "hit-tag",
  "hit-sync",
  "hit-100",
  "set",
  "refresh",
  "miss",
  "stale",
  "memory",
  "clear",
  "import",
];

export function workloadIds() {
  return [...ids];
}

/** @param {string} id */
export async function loadWorkload(id) {
  const { workload } = await import(`./${id}.mjs`);
  return workload;
}
