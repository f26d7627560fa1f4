// The referee of the demo with several processes: what it lets pass, and what it does not.
import { describe, expect, test } from "vitest";
import { SharedPriceWatch, type SharedVerdict, type Witness } from "../../examples/shop/processes/price-watch.ts";
import { BUS_MS, DIVERGENCE_MS, Touch } from "../../examples/shop/processes/touch.ts";

const PRODUCT = 7;
const ENDED_AT = 10_000;

describe("an old price", () => {
  const here = (): Witness => ({ name: "shop 1", touch: new Touch() });

  /** Shop 2 is asked so long after shop 1, or itself, has ended version 1. */
  function judge(lateMs: number, options: { own?: boolean; doneAt?: number; cutOff?: boolean; touch?: Touch } = {}) {
    const { own = false, doneAt = ENDED_AT, cutOff = false, touch = new Touch() } = options;
    const watch = new SharedPriceWatch();
    const asked: Witness = { name: "shop 2", touch };
    watch.invalidated([{ id: PRODUCT, version: 2 }], { by: own ? asked : here(), at: ENDED_AT, doneAt });
    const beganAt = ENDED_AT + lateMs;
    watch.answered(PRODUCT, asked, { version: 1, beganAt, tookMs: 1, origin: "memory", isCutOff: cutOff });
    return watch.verdict();
  }
  const isAllowed = ({ violations }: SharedVerdict): boolean => violations.length === 0;

  test("is never shown again by the process that ended it, however well Redis is", () => {
    expect(isAllowed(judge(-1, { own: true }))).toBe(true);
    expect(isAllowed(judge(1, { own: true }))).toBe(false);
    expect(isAllowed(judge(1, { own: true, doneAt: Infinity, cutOff: true }))).toBe(false);
  });

  test("may be shown by another one for as long as a message takes", () => {
    expect(judge(BUS_MS - 1)).toMatchObject({ violations: [], withinBound: 1, longestMs: BUS_MS - 1 });
    expect(judge(BUS_MS + 1).violations).toEqual([
      "shop 2 was asked for product 7 and served version 1 (memory), 251 ms after shop 1 had ended it for version 2",
    ]);
  });

  test("may be shown for longer by a process that stood still, by that time", () => {
    const touch = new Touch();
    touch.note(ENDED_AT + 150, { what: "stalled", span: [ENDED_AT + 50, ENDED_AT + 150] });
    expect(isAllowed(judge(BUS_MS + 99, { touch }))).toBe(true);
    expect(isAllowed(judge(BUS_MS + 101, { touch }))).toBe(false);
  });

  test("of a pending invalidation is not due elsewhere before Redis has it", () => {
    expect(isAllowed(judge(60_000, { doneAt: Infinity }))).toBe(true);
    expect(isAllowed(judge(5_000 + BUS_MS - 1, { doneAt: ENDED_AT + 5_000 }))).toBe(true);
    expect(isAllowed(judge(5_000 + BUS_MS + 1, { doneAt: ENDED_AT + 5_000 }))).toBe(false);
  });

  test("may be shown by one that has lost the bus until it has it back, but not for ever", () => {
    const back = new Touch();
    back.note(ENDED_AT - 10, { what: "lost", reason: "test" });
    back.note(ENDED_AT + 500, { what: "live" });
    expect(judge(499, { touch: back })).toMatchObject({ violations: [], outOfTouch: 1, longestOutOfTouchMs: 499 });
    expect(isAllowed(judge(501, { touch: back }))).toBe(false);

    const lost = new Touch();
    lost.note(ENDED_AT, { what: "lost", reason: "test" });
    expect(isAllowed(judge(DIVERGENCE_MS - 1, { touch: lost }))).toBe(true);
    expect(isAllowed(judge(DIVERGENCE_MS + 1, { touch: lost }))).toBe(false);
  });

  test("has no such limit while Redis cannot be reached, and has it from then on", () => {
    const touch = new Touch();
    touch.note(ENDED_AT, { what: "lost", reason: "test" });
    touch.note(ENDED_AT + 5, { what: "breaker", isOpen: true });
    expect(isAllowed(judge(60_000, { touch }))).toBe(true);
    touch.note(ENDED_AT + 30_000, { what: "breaker", isOpen: false });
    expect(isAllowed(judge(30_000 + DIVERGENCE_MS + 1, { touch }))).toBe(false);
    expect(isAllowed(judge(60_000, { cutOff: true }))).toBe(true);
  });

  test("that the process must have heard of is not excused by a later loss of the bus", () => {
    const touch = new Touch();
    touch.note(ENDED_AT + DIVERGENCE_MS + 1, { what: "lost", reason: "test" });
    expect(isAllowed(judge(DIVERGENCE_MS + 2, { touch }))).toBe(false);
  });
});
