// A process that holds the lock of a file until it is ended.

import { openBare } from "./bare.ts";

const database = openBare(process.argv[2] ?? "");
const hold = (): void => {
  try {
    database.exec("BEGIN EXCLUSIVE; DELETE FROM log WHERE id = -1");
    process.send?.("held");
  } catch {
    setTimeout(hold, 1);
  }
};
hold();
// Until then.
setInterval(() => database.prepare("SELECT 1").get(), 1_000);
