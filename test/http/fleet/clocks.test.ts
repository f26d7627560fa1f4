// Processes whose clocks are wrong by a quarter of an hour: responses keep their age between them.

import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { Fleet, KINDS } from "./fleet.ts";

forbidUnhandledRejections();
const QUARTER_MS = 15 * 60_000;
/** What an answer on a busy machine may be older than it was made, in seconds. */
const LATE_S = 5;

describe.each(["handler", "fetch"] as const)("with a cached %s", (way) => {
  const fleet = new Fleet(way);

  describe.each(KINDS)("in processes that share %s", (kind) => {
    test.each([
      ["fast", QUARTER_MS],
      ["slow", -QUARTER_MS],
      ["right: the control", 0],
    ])("P6 a response keeps its age between one whose clock is right, and one whose clock is %s", async (_, offMs) => {
      const [right, wrong] = await fleet.pair(kind, {}, { clockOffsetMs: offMs });
      fleet.origin.handle = (_request, response) => {
        response.sendDate = false;
        response
          .writeHead(200, { "cache-control": "max-age=100", age: "40" })
          .end(`answer ${fleet.origin.asked.length}`);
      };
      for (const [path, first, second] of [
        ["/a", right, wrong],
        ["/b", wrong, right],
      ] as const) {
        const text = await first.text(path);
        const found = await second.ask(path);
        expect([found.text, found.way]).toEqual([text, "hit"]);
        const age = Number(found.headers.get("age"));
        expect(age).toBeGreaterThanOrEqual(40);
        expect(age).toBeLessThan(40 + LATE_S);
        const left = Number(/ttl=(-?\d+)/.exec(found.headers.get("cache-status") ?? "")?.[1]);
        expect(left).toBeGreaterThan(60 - LATE_S);
        expect(left).toBeLessThanOrEqual(60);
      }
      expect(fleet.origin.asked).toHaveLength(2);
    });
  });
});
