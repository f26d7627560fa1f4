// What an error is in a span: its kind and its text, and neither key nor value unless somebody asked for them.

import { describe, expect, test } from "vitest";
import { badInput, CacheError, show } from "../../src/errors.ts";
import { showFailure } from "../../src/opentelemetry/failure.ts";

describe("an error of ours", () => {
  const ODD = ["secret", "it's secret", `"'\`secret`, "secret\\", "secret\n".repeat(20), "secret".repeat(40)];

  test.each(ODD)("is shown without its key: %j", (key) => {
    const error = new CacheError("timeout", `refresh of ${show(key)} must take less than 5 ms`, { key });
    const { exception, message, attributes } = showFailure(error, false);
    expect(JSON.stringify([exception, message])).not.toContain("secret");
    expect(message).toContain("refresh of …");
    expect(attributes).toEqual({ "error.type": "timeout" });
    expect(exception).toMatchObject({ name: "CacheError", stack: expect.stringContaining("failure.test.ts") });
    expect(showFailure(error, true).message).toBe(error.message);
  });

  test.each([123_456, { secret: 1 }, new Map([["secret", 123_456]]), "secret"])(
    "is shown without a value: %s",
    (value) => {
      const { exception, message } = showFailure(badInput("invalid_value", "ttl", "a duration", value), false);
      expect(message).toBe("ttl must be a duration, got …");
      expect(JSON.stringify(exception)).not.toMatch(/secret|123456|123_456/);
    },
  );
});

describe("what a refresh has thrown", () => {
  test("is shown as it is", () => {
    const { exception, message, attributes } = showFailure(new TypeError("user 'ada', got 5"), false);
    expect(message).toBe("user 'ada', got 5");
    expect(exception).toMatchObject({ name: "TypeError", message, stack: expect.stringContaining(message) });
    expect(attributes).toEqual({ "error.type": "TypeError" });
  });

  test.each([
    ["text", "string", "'text'"],
    [undefined, "undefined", "undefined"],
    [null, "object", "null"],
    [{ code: 5 }, "object", "{ code: 5 }"],
  ])("need not be an error: %j", (error, name, message) => {
    expect(showFailure(error, false)).toEqual({
      attributes: { "error.type": "_OTHER" },
      exception: { name, message },
      message,
    });
  });
});
