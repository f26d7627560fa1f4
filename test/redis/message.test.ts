// The text of messages: what is not understood is known not to be, and what is, says what was meant.

import { expect, test } from "vitest";
import type { EpochName } from "../../src/contracts/authority.ts";
import { epochBody, readMessage } from "../../src/redis/message.ts";

const names: EpochName[] = [
  { kind: "root" },
  { kind: "namespace", name: undefined },
  { kind: "namespace", name: "a b\n" },
  { kind: "tag", name: " t" },
];

test.each(names.flatMap((name) => [[name, true] as const, [name, false] as const]))(
  "carries a change of %j, soft: %j",
  (name, soft) => {
    expect(readMessage(`1 me 7 250 ${epochBody(name, soft)}`)).toEqual({
      ...{ kind: "message", publisher: "me", number: 7, ageMs: 250, isFollowUp: false },
      message: { kind: "epoch", name, soft },
    });
  },
);

test("carries keys with anything in them", () => {
  expect(readMessage("1 me 1 0 k - a b\n c")).toMatchObject({
    message: { kind: "key", fullKey: "a b\n c", version: undefined },
  });
  expect(readMessage("1 me 1 0 k 00ff x")).toMatchObject({ message: { kind: "key", fullKey: "x", version: "00ff" } });
  expect(readMessage("1 me 1 0 f 00ff x")).toMatchObject({
    message: { kind: "filled", fullKey: "x", version: "00ff" },
  });
});

test("carries a number alone, once more or in place of a message", () => {
  expect(readMessage("1 me 9 0 h")).toMatchObject({ number: 9, message: undefined, isFollowUp: true });
  expect(readMessage("1 me 9 0 s")).toMatchObject({ number: 9, message: undefined, isFollowUp: false });
});

test.each(["", "2 me 1 0 k - x", "1 me one 0 k - x", "1 me 1 0 z - x", "1 me 1 0 k", "1 me 1 0 e h q x", "hello"])(
  "knows that it does not understand %j",
  (text) => {
    expect(readMessage(text)).toEqual({ kind: "unknown" });
  },
);
