// The workloads, in the order in which they run.

const groups = {
  memory: [
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
  ],
  redis: ["redis-hit", "redis-hit-100", "redis-set", "redis-refresh", "redis-stampede", "redis-stale", "redis-clear"],
  sqlite: ["sqlite-hit", "sqlite-write"],
  decorators: ["decorated-hit"],
  observe: ["observed-hit"],
  http: ["http-express", "http-fastify", "http-hono", "http-nest"],
};

/** @param {string} [group] all groups without one */
export function workloadIds(group) {
  return group === undefined ? Object.values(groups).flat() : [...groups[group]];
}

/** @param {string} id @returns {string} */
export function groupOf(id) {
  return Object.keys(groups).find((group) => groups[group].includes(id));
}

/** @param {string} id */
export async function loadWorkload(id) {
  const { workload } = await import(`./${id}.mjs`);
  return { group: groupOf(id), ...workload };
}
