// The reason for a missing connection is in words, also where a name has several addresses.

import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { firstError } from "../../src/redis/first-error.ts";
import { freePort } from "../support/redis/free-port.ts";

test("of a name with two addresses that both refuse it is the first refusal", async () => {
  const both = [
    { address: "127.0.0.1", family: 4 },
    { address: "127.0.0.2", family: 4 },
  ];
  const socket = connect({
    host: "cache.example.org",
    port: await freePort(),
    autoSelectFamily: true,
    lookup: (_host, _options, done) => done(null, both),
  });
  const [error] = (await once(socket, "error").catch((thrown: unknown) => [thrown])) as [Error];
  expect(error).toBeInstanceOf(AggregateError);
  expect(error.message).toBe("");
  expect(firstError(error)).toMatchObject({ message: expect.stringContaining("connect ECONNREFUSED 127.0.0.1:") });
});

test("leaves every other error as it is", () => {
  const said = new AggregateError([new Error("a")], "all failed");
  for (const error of [new Error("down"), said, new AggregateError([]), undefined, "text"]) {
    expect(firstError(error)).toBe(error);
  }
});
