// Preparing statements.

import type { SqliteDatabase, SqliteStatement } from "./driver.ts";

/** Prepares a statement whose rows are objects with plain numbers, whatever the connection was opened with. */
export function prepare(database: SqliteDatabase, sql: string): SqliteStatement {
  const statement = database.prepare(sql);
  statement.setReadBigInts?.(false);
  statement.setReturnArrays?.(false);
  return statement;
}
