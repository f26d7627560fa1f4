// toValidate: schemas and functions in one form that says why a value is refused.

import { describe, expect, test } from "vitest";
import type { StandardResult } from "../../src/index.ts";
import { toValidate } from "../../src/model/validation.ts";

const schema = (result: StandardResult | Promise<StandardResult>) => ({
  "~standard": { version: 1 as const, vendor: "test", validate: () => result },
});

describe("a function", () => {
  test.each([[true], [undefined], [null], [0], [""], ["text"], [{}], [NaN]])("that answers %j accepts", (answer) => {
    expect(toValidate(() => answer)("v")).toBeUndefined();
  });

  test("that answers false, or throws, refuses", () => {
    expect(toValidate(() => false)("v")).toBe("validate returned false");
    const throwing = toValidate(() => {
      throw new TypeError("no number");
    });
    expect(throwing("v")).toBe("no number");
    const odd = toValidate(() => {
      throw 42;
    });
    expect(odd("v")).toBe("42");
  });

  test("is given the value", () => {
    expect(toValidate((value) => value === "v")("v")).toBeUndefined();
  });

  test("that is asynchronous answers asynchronously, and never rejects", async () => {
    const accepting = toValidate(async () => true)("v");
    expect(accepting).toBeInstanceOf(Promise);
    expect(await accepting).toBeUndefined();
    expect(await toValidate(async () => false)("v")).toBe("validate returned false");
    expect(await toValidate(() => Promise.reject(new Error("no")))("v")).toBe("no");
  });
});

describe("a schema", () => {
  test("without issues accepts, with issues refuses with all their messages", () => {
    expect(toValidate(schema({}))("v")).toBeUndefined();
    expect(toValidate(schema({ issues: undefined }))("v")).toBeUndefined();
    expect(toValidate(schema({ issues: [{ message: "a" }, { message: "b" }] }))("v")).toBe("a; b");
  });

  test("with an empty list of issues refuses: the list is what says so", () => {
    expect(toValidate(schema({ issues: [] }))("v")).toBeTypeOf("string");
  });

  test("may be asynchronous", async () => {
    expect(await toValidate(schema(Promise.resolve({})))("v")).toBeUndefined();
    expect(await toValidate(schema(Promise.resolve({ issues: [{ message: "a" }] })))("v")).toBe("a");
    expect(await toValidate(schema(Promise.reject(new Error("broken"))))("v")).toBe("broken");
  });

  test("that is a function is asked as a schema", () => {
    expect(toValidate(Object.assign(() => false, schema({})))("v")).toBeUndefined();
  });
});
