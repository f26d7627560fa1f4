// What the compiler of this project says of decorators in wrong places; test/compilers asks the others.

import { expect, test } from "vitest";
import { EXPECTED, messagesOf } from "../compilers/messages.ts";

test.each([
  ["standard", []],
  ["legacy", ["--experimentalDecorators"]],
])("the compiler says what is wrong with %s decorators, and where", (_flavour, flags) => {
  expect(EXPECTED.length).toBeGreaterThan(10);
  expect(messagesOf("@typescript/native/bin/tsc", flags)).toEqual(EXPECTED);
});
