// Reads of one turn share a look at the file: it is never old, never kept, and never before what this process knows of.

import { expect, test } from "vitest";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { frameOf, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { askFile, openBare } from "./bare.ts";
import { cleanUp, newPath, openProcess } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A process whose clock the test moves, on a file with one entry; and how it sees that entry. */
async function reader() {
  const clock = new FakeClock();
  const path = newPath();
  const process = openProcess("shop", { path }, clock);
  const { authority, syncAuthority } = process;
  await authority.set("k", frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity);
  await nextTurn();
  const sees = async (): Promise<boolean> => (await authority.read("k", [])).frame !== undefined;
  const seesAtOnce = (): boolean => syncAuthority?.read("k", []).frame !== undefined;
  /** What another connection does, without a turn of the event loop. */
  const removeElsewhere = (): unknown => askFile(path, "DELETE FROM entries");
  return { ...process, authority, clock, path, sees, seesAtOnce, removeElsewhere };
}

/** Whether somebody reads the file: then what is written to its log cannot all be copied. */
function isRead(path: string): boolean {
  askFile(path, "UPDATE log SET at = at + 1");
  return askFile(path, "PRAGMA wal_checkpoint(TRUNCATE)")[0]?.["busy"] === 1;
}

test("the second read of a turn begins a look, which is over when the turn is", async () => {
  const { path, sees } = await reader();
  const seen: boolean[] = [];
  for (let read = 0; read < 3; read++) {
    await sees();
    seen.push(isRead(path));
  }
  expect(seen).toEqual([false, true, true]);
  await nextTurn();
  expect(isRead(path)).toBe(false);
  await sees();
  expect(isRead(path)).toBe(false);
});

test("what another process has written since is seen a millisecond later, or in the next turn", async () => {
  for (const later of ["a millisecond", "a turn"]) {
    const { sees, removeElsewhere, clock } = await reader();
    expect([await sees(), await sees()]).toEqual([true, true]);
    removeElsewhere();
    expect(await sees()).toBe(true);
    if (later === "a turn") await nextTurn();
    else clock.block(1);
    expect([later, await sees()]).toEqual([later, false]);
  }
});

test("who asks for epochs, or cannot wait, is told what is there now", async () => {
  for (const how of ["epochs", "at once"]) {
    const { sees, seesAtOnce, removeElsewhere, authority } = await reader();
    const root = { kind: "root" } as const;
    await authority.epochs([root]);
    expect([await sees(), await sees()]).toEqual([true, true]);
    removeElsewhere();
    const isThere = how === "epochs" ? (await authority.read("k", [root])).frame !== undefined : seesAtOnce();
    expect([how, isThere, await sees()]).toEqual([how, false, false]);
  }
});

test("what this process writes at once is in what it reads next", async () => {
  const { sees, syncAuthority } = await reader();
  expect([await sees(), await sees()]).toEqual([true, true]);
  expect(syncAuthority?.remove("k", Infinity)).toEqual({ existed: true });
  expect(await sees()).toBe(false);
});

test("a handle that is the user's is left as it was", async () => {
  const path = newPath();
  const database = openBare(path);
  const { authority } = openProcess("shop", { database });
  for (let read = 0; read < 3; read++) await authority.read("k", []);
  // Within another transaction this would be refused.
  expect(() => database.exec("BEGIN; COMMIT")).not.toThrow();
});
