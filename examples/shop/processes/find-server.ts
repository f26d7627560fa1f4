// Finds a Redis or Valkey server to start.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["redis-server", "valkey-server"];

const HOW_TO_GET_ONE =
  "install redis-server or valkey-server (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), " +
  "or name one that runs: --redis redis://localhost:6379";

/** No Redis, and what to do about it, in one line. */
export class NoRedisError extends Error {}

/** The path of the server's program: what FRESHTIER_REDIS_SERVER says, else the first on the PATH. */
export function findServer(env: NodeJS.ProcessEnv): string {
  const chosen = env["FRESHTIER_REDIS_SERVER"];
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new NoRedisError(`FRESHTIER_REDIS_SERVER must be the path of a server, got ${JSON.stringify(chosen)}`);
  }
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (found !== undefined) return found;
  throw new NoRedisError(`--processes needs a Redis, and there is no server to start: ${HOW_TO_GET_ONE}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
