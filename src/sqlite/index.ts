// The entry point `freshtier/sqlite`.

export { sqliteTier, type SqliteTierConfig, type SqliteTierOptions } from "./options.ts";
export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./driver.ts";
