// What these tests run in other processes and threads, built once for each file of tests.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { bundleSources, SRC, type Bundle } from "../support/bundle.ts";

const PEER = fileURLToPath(new URL("peer-program.ts", import.meta.url));
const LOCK = fileURLToPath(new URL("lock-program.ts", import.meta.url));

let built: Promise<Bundle> | undefined;

/** Builds them. To be called once the file of tests has said {@link removePrograms}. */
export function buildPrograms(): Promise<Bundle> {
  built ??= bundleSources({ main: join(SRC, "index.ts"), peer: PEER, lock: LOCK }, []);
  return built;
}

/** After the tests of the file: removes what was built. */
export function removePrograms(): void {
  afterAll(async () => {
    await (await built)?.remove();
    built = undefined;
  });
}
