// What all the compilers say of wrong uses: the texts that users read.

import { describe, expect, test } from "vitest";
import { EXPECTED, messagesOf } from "./messages.ts";
import { TYPESCRIPTS } from "./project.ts";

describe.each(TYPESCRIPTS)("%s", (_name, path) => {
  test.each([
    ["standard", []],
    ["legacy", ["--experimentalDecorators"]],
  ])("says what is wrong with %s decorators, and where", (_flavour, flags) => {
    expect(messagesOf(path, flags)).toEqual(EXPECTED);
  });
});
