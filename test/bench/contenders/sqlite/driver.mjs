// The SQLite that freshtier uses here: Node's own, or on releases without it the package that stands in for it.

/** @returns {Promise<{ DatabaseSync: new (path: string) => object, name: string }>} */
export async function loadDriver() {
  const builtin = process.getBuiltinModule("node:sqlite");
  if (builtin !== undefined) return { DatabaseSync: builtin.DatabaseSync, name: "node:sqlite" };
  const { DatabaseSync } = await import("@photostructure/sqlite");
  return { DatabaseSync, name: "@photostructure/sqlite" };
}
