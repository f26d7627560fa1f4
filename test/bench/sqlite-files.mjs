// Where the files of the SQLite rows are: a temporary directory, removed whichever way this process comes to its end.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @returns {{ place: string, flush: () => Promise<void>, stop: () => Promise<void> }} every contender makes files of its own */
export function makeDirectory() {
  const place = mkdtempSync(join(tmpdir(), "freshtier-bench-"));
  const remove = () => rmSync(place, { recursive: true, force: true });
  const signals = {
    SIGINT: () => process.exit(130),
    SIGTERM: () => process.exit(143),
    SIGHUP: () => process.exit(129),
  };
  process.on("exit", remove);
  for (const [name, exit] of Object.entries(signals)) process.on(name, exit);
  return {
    place,
    flush: async () => {},
    stop: async () => {
      process.off("exit", remove);
      for (const [name, exit] of Object.entries(signals)) process.off(name, exit);
      remove();
    },
  };
}
