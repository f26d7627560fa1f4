// The native reader of msgpackr is optional: the default codec does the same without it.

import fc from "fast-check";
import { isNativeAccelerationEnabled } from "msgpackr";
import { expect, test, vi } from "vitest";
import { msgpackCodec } from "../../src/codec/msgpack.ts";
import { arbitraryValues } from "./arbitrary-values.ts";
import { difference } from "./sameness.ts";

// Before msgpackr is loaded, which is when it looks.
vi.hoisted(() => {
  process.env["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] = "true";
});

test("P13 comes back as it went in where the native part of msgpackr is not installed", () => {
  expect(isNativeAccelerationEnabled).toBe(false);
  fc.assert(
    fc.property(arbitraryValues, (value) => {
      expect(difference(msgpackCodec.decode(msgpackCodec.encode(value)), value)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("P13 a text keeps its byte order mark, which the reader without native part would swallow", () => {
  const value = { text: `\ufeff${"x".repeat(100)}`, [`\ufeff${"k".repeat(100)}`]: 1 };
  expect(difference(msgpackCodec.decode(msgpackCodec.encode(value)), value)).toBeUndefined();
});
