// Brings the distribution's Redis to this machine.

import { installPackage } from "../install-package.ts";

/** True if a server was installed; false if this process may not install one, or could not. */
export function installRedisServer(): boolean {
  // Debian has one or the other, or both.
  return installPackage({ debian: ["redis-server", "valkey-server"], homebrew: "redis" });
}
