// What @keyv/sqlite uses of the package sqlite3: opening, one query at a time, closing. The driver is that of the others.

import { loadDriver } from "../contenders/sqlite/driver.mjs";

const { DatabaseSync } = await loadDriver();

class Database {
  #database;

  constructor(file, opened) {
    this.#database = new DatabaseSync(file);
    queueMicrotask(() => opened(null));
  }

  all(sql, ...rest) {
    const answered = rest.pop();
    const values = rest.flat();
    queueMicrotask(() => {
      try {
        answered(null, this.#database.prepare(sql).all(...values));
      } catch (error) {
        answered(error);
      }
    });
  }

  close(closed) {
    this.#database.close();
    queueMicrotask(() => closed(null));
  }
}

export default { Database };
