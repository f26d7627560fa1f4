// Word of writes from the system: used where it comes, and not needed where it does not.

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { LogWatch } from "../../src/sqlite/log-watch.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { timed } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openBare } from "./bare.ts";
import { cleanUp, listen, newPath, openProcess } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

test("tells of writes to a file, and finds out by itself whether it does", async () => {
  const path = newPath("watched");
  writeFileSync(path, "");
  let told = 0;
  const watch = new LogWatch(() => void told++);
  watch.follow(path);
  await waitUntil(() => watch.isProven, { what: "it has tried itself" });
  const before = told;
  writeFileSync(path, "more");
  await waitUntil(() => told > before, { what: "it has told of the write" });
  const other = join(dirname(path), "other");
  writeFileSync(other, "");
  watch.follow(other);
  expect(watch.isProven).toBe(false);
  await waitUntil(() => watch.isProven, { what: "it has tried itself on the other" });
  watch.stop();
  expect(watch.isProven).toBe(false);
});

test("is of no use, and no harm, where there is nothing to watch", () => {
  const watch = new LogWatch(() => undefined);
  for (const path of [undefined, join(newPath(), "no/such")]) {
    watch.follow(path);
    expect(watch.isProven).toBe(false);
  }
  watch.stop();
});

test("P4 without it word comes within a few milliseconds all the same", async () => {
  const path = newPath();
  // Of a handle nobody knows the files.
  const [one, two] = [openBare(path), openBare(path)];
  const [writer, reader] = [openProcess("shop", { database: one }), openProcess("shop", { database: two })];
  const heard = await listen(reader.bus);
  await waitUntil(() => reader.bus.isLive, { what: "it is live" });
  const latencies: number[] = [];
  for (let round = 1; round <= 20; round++) {
    const { tookMs } = await timed(async () => {
      await writer.authority.remove(freshKey("shop"), Infinity);
      await waitUntil(() => heard.own.length === round, { what: "the message has come" });
    });
    latencies.push(tookMs);
  }
  expect(latencies.toSorted((a, b) => a - b)[10]).toBeLessThan(50);
  await Promise.all([writer.close(), reader.close()]);
  for (const database of [one, two]) database.close();
});
