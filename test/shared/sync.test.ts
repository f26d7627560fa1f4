// Synchronous refreshes over a real Redis, while another process changes things.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { keyOf } from "./frames.ts";
import { never, SharedWorld } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** Deletes a key in another process, while this one stands still. */
function deleteElsewhere(name: string, key: string): string {
  const program = fileURLToPath(new URL("delete-program.ts", import.meta.url));
  const { host, port } = world.server;
  const { stdout } = spawnSync(process.execPath, ["--import", "tsx", program, host, String(port), name, key]);
  return String(stdout);
}

test("getSync brings its result to all processes, with its tags", async () => {
  const { name, a, b } = await world.pair();
  expect(a.getSync<string>("k", () => "made", { tags: ["t"] })).toBe("made");
  expect(a.getSync("k", never)).toBe("made");
  await waitUntil(async () => (await world.raw.exists(keyOf(name, "k"))) === 1, { what: "Redis has it" });
  expect(await b.get("k", never)).toBe("made");
  expect(await b.invalidateTags(["t"])).toEqual({ authority: "done" });
  await waitUntil(() => a.getSync("k") === undefined, { what: "the other process has heard" });
});

test("P3 what another process deletes while a synchronous refresh runs does not come back", async () => {
  const { name, a, b } = await world.pair();
  await a.set("k", "old");
  const refresh = (): string => `read before it was ${deleteElsewhere(name, "k")}`;
  expect(a.getSync("k", refresh, { forceRefresh: true })).toBe("read before it was done");
  await waitUntil(() => a.stats().refreshes.fenced === 1, { what: "it has been noticed" });
  expect([a.getSync("k"), await a.get("k"), await b.get("k")]).toEqual([undefined, undefined, undefined]);
  expect(await world.raw.exists(keyOf(name, "k"))).toBe(0);
}, 30_000);
