// Waiting for a condition.

import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";

test("resolves with the first truthy answer", async () => {
  const answers = [undefined, 0, "", false, null, "yes", "too late"];
  await expect(waitUntil(() => answers.shift(), { what: "it is yes" })).resolves.toBe("yes");
});

test("fails at the deadline, saying what it waited for", async () => {
  await expect(waitUntil(() => false, { deadlineMs: 20, what: "pigs fly" })).rejects.toThrow(
    "waited 20 ms in vain until pigs fly",
  );
});

test("takes a condition that throws for one that does not hold, and gives its error as the cause", async () => {
  const cause = new Error("no server");
  const waiting = waitUntil(() => Promise.reject(cause), { deadlineMs: 20, what: "a server is there" });
  await expect(waiting).rejects.toMatchObject({ cause });
});

test("is not hung by a condition that hangs", async () => {
  const never = new Promise<boolean>(() => undefined);
  await expect(waitUntil(() => never, { deadlineMs: 20, what: "it answers" })).rejects.toThrow("in vain");
});
