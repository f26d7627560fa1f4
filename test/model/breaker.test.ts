// The circuit breaker: when it opens, who probes, and whose outcome counts.

import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { Breaker, BREAKER_DEFAULTS, REFUSED, type BreakerSettings, type Pass } from "../../src/model/breaker.ts";
import { FakeClock } from "../support/fake-clock.ts";

const SETTINGS: BreakerSettings = { failures: 3, openMs: 1_000, rate: 0.5, rateWindowMs: 100, rateMinimum: 10 };
const FAILURE = new Error("no route");

let clock: FakeClock;
let log: string[];
/** 0.5 makes a breaker stay open for just `openMs`. */
let chance: number;

beforeEach(() => {
  clock = new FakeClock();
  log = [];
  chance = 0.5;
});

function make(settings: BreakerSettings | "none" = SETTINGS): Breaker {
  return new Breaker(
    settings === "none" ? undefined : settings,
    clock,
    () => chance,
    (state, reason) => void log.push(`${state}: ${reason}`),
  );
}

function fail(breaker: Breaker, times: number): void {
  for (let n = 0; n < times; n++) breaker.fail(breaker.tryPass(), FAILURE);
}

function succeed(breaker: Breaker, times: number): void {
  for (let n = 0; n < times; n++) breaker.succeed(breaker.tryPass());
}

function opened(settings = SETTINGS): Breaker {
  const breaker = make(settings);
  fail(breaker, settings.failures);
  expect(breaker.state).toBe("open");
  log = [];
  return breaker;
}

/** Half-open, with its probe under way. */
function probing(): [Breaker, Pass] {
  const breaker = opened();
  clock.block(1_000);
  const probe = breaker.tryPass();
  expect([breaker.state, probe === REFUSED]).toEqual(["halfOpen", false]);
  log = [];
  return [breaker, probe];
}

describe("a closed breaker", () => {
  test("lets every call pass", () => {
    const breaker = make();
    const passes = Array.from({ length: 100 }, () => breaker.tryPass());
    expect(passes).not.toContain(REFUSED);
    for (const pass of passes) breaker.succeed(pass);
    expect([breaker.state, breaker.failures, log]).toEqual(["closed", 0, []]);
  });

  test("opens after so many failures in a row, and says why", () => {
    const breaker = make();
    fail(breaker, 2);
    expect([breaker.state, breaker.failures]).toEqual(["closed", 2]);
    fail(breaker, 1);
    expect([breaker.state, breaker.failures]).toEqual(["open", 3]);
    expect(log).toEqual(["open: 3 calls in a row failed, the last with 'no route'"]);
  });

  test("counts anew after a success", () => {
    const breaker = make();
    for (let round = 0; round < 4; round++) {
      fail(breaker, 2);
      succeed(breaker, 1);
      expect(breaker.failures).toBe(0);
      clock.block(1_000);
    }
    expect(breaker.state).toBe("closed");
  });

  test("opens when failures are no row, but a large part", () => {
    const breaker = make({ ...SETTINGS, failures: Infinity });
    for (let n = 0; n < 4; n++) {
      fail(breaker, 1);
      succeed(breaker, 1);
    }
    fail(breaker, 1);
    expect(breaker.state).toBe("closed");
    fail(breaker, 1);
    expect(breaker.state).toBe("open");
    expect(log).toEqual(["open: 6 of 10 calls failed, the last with 'no route'"]);
  });

  test("stays closed while failures are a smaller part", () => {
    const breaker = make();
    for (let n = 0; n < 1_000; n++) {
      succeed(breaker, 3);
      fail(breaker, 2);
      clock.block(1);
    }
    expect(breaker.state).toBe("closed");
  });

  test("forgets calls that are longer ago than the window", () => {
    const breaker = make({ ...SETTINGS, failures: Infinity });
    fail(breaker, 9);
    clock.block(100);
    fail(breaker, 9);
    expect(breaker.state).toBe("closed");
    fail(breaker, 1);
    expect(breaker.state).toBe("open");
  });

  test("remembers calls for half of the window at least", () => {
    for (const startMs of [0, 20, 40, 49]) {
      const breaker = make({ ...SETTINGS, failures: Infinity });
      clock.block(startMs);
      fail(breaker, 9);
      clock.block(49);
      fail(breaker, 1);
      expect(breaker.state).toBe("open");
    }
  });

  test("is not kept closed by what succeeded long ago", () => {
    const breaker = make({ ...SETTINGS, failures: Infinity });
    succeed(breaker, 1_000);
    clock.block(100);
    fail(breaker, 50);
    expect(breaker.state).toBe("open");
    // 1,000 successes leave 8 undated, and half of 2 × 8 calls suffice
    expect(log).toEqual(["open: 8 of 16 calls failed, the last with 'no route'"]);
  });

  test("reads the clock for few of its successes", () => {
    let readings = 0;
    const counting = { now: () => (readings++, clock.now()), schedule: clock.schedule.bind(clock) };
    const breaker = new Breaker(SETTINGS, counting, Math.random, () => undefined);
    readings = 0;
    succeed(breaker, 1_600);
    expect(readings).toBe(100);
  });

  test("never opens without settings, and counts failures all the same", () => {
    const breaker = make("none");
    fail(breaker, 1_000);
    expect([breaker.state, breaker.failures, log]).toEqual(["closed", 1_000, []]);
    breaker.hint();
    succeed(breaker, 1);
    expect([breaker.state, breaker.failures, log]).toEqual(["closed", 0, []]);
  });

  test("is not moved by a hint", () => {
    const breaker = make();
    fail(breaker, 2);
    breaker.hint();
    expect([breaker.state, breaker.failures, log]).toEqual(["closed", 2, []]);
  });
});

describe("an open breaker", () => {
  test("refuses every call until its time has come, then lets one pass", () => {
    const breaker = opened();
    expect(breaker.tryPass()).toBe(REFUSED);
    clock.block(999);
    expect([breaker.tryPass(), breaker.state]).toEqual([REFUSED, "open"]);
    clock.block(1);
    expect(breaker.tryPass()).not.toBe(REFUSED);
    expect(breaker.state).toBe("halfOpen");
    expect(Array.from({ length: 10 }, () => breaker.tryPass())).toEqual(Array(10).fill(REFUSED));
    expect(log).toEqual(["halfOpen: it is time to try again"]);
  });

  test("stays open for three to five quarters of the time set, as chance has it", () => {
    for (const [drawn, openMs] of [
      [0, 750],
      [0.5, 1_000],
      [1, 1_250],
    ] as const) {
      chance = drawn;
      const breaker = opened();
      clock.block(openMs - 1);
      expect(breaker.tryPass()).toBe(REFUSED);
      clock.block(1);
      expect(breaker.tryPass()).not.toBe(REFUSED);
    }
  });

  test("is not moved by calls that began before it opened", () => {
    const breaker = make();
    const early = Array.from({ length: 20 }, () => breaker.tryPass());
    fail(breaker, 3);
    for (const [index, pass] of early.entries()) {
      if (index % 2 === 0) breaker.succeed(pass);
      else breaker.fail(pass, FAILURE);
    }
    expect([breaker.state, breaker.failures, log.length]).toEqual(["open", 3, 1]);
    clock.block(999);
    expect(breaker.tryPass()).toBe(REFUSED);
  });

  test("lets a probe pass at once when the other side has been seen to answer", () => {
    const breaker = opened();
    breaker.hint();
    breaker.hint();
    expect(log).toEqual(["halfOpen: it has been seen to answer"]);
    const probe = breaker.tryPass();
    expect([probe === REFUSED, breaker.tryPass()]).toEqual([false, REFUSED]);
    breaker.succeed(probe);
    expect(breaker.state).toBe("closed");
  });

  test("waits for a hint alone when its time never comes", () => {
    const breaker = opened({ ...SETTINGS, openMs: Infinity });
    clock.block(1e12);
    expect(breaker.tryPass()).toBe(REFUSED);
    breaker.hint();
    expect(breaker.tryPass()).not.toBe(REFUSED);
  });
});

describe("a half-open breaker", () => {
  test("closes when its probe succeeds, and begins anew", () => {
    const [breaker, probe] = probing();
    breaker.succeed(probe);
    expect([breaker.state, breaker.failures, log]).toEqual(["closed", 0, ["closed: a probe succeeded"]]);
    fail(breaker, 2);
    expect(breaker.state).toBe("closed");
  });

  test("opens again when its probe fails, for a jittered time", () => {
    const [breaker, probe] = probing();
    chance = 1;
    breaker.fail(probe, "just text");
    expect([breaker.state, breaker.failures]).toEqual(["open", 4]);
    expect(log).toEqual(["open: a probe failed with 'just text'"]);
    clock.block(1_249);
    expect(breaker.tryPass()).toBe(REFUSED);
    clock.block(1);
    expect(breaker.tryPass()).not.toBe(REFUSED);
  });

  test("is not moved by calls that began before it opened", () => {
    const breaker = make();
    const [good, bad] = [breaker.tryPass(), breaker.tryPass()];
    fail(breaker, 3);
    clock.block(1_000);
    const probe = breaker.tryPass();
    breaker.succeed(good);
    breaker.fail(bad, FAILURE);
    breaker.fail(REFUSED, FAILURE);
    breaker.succeed(REFUSED);
    expect([breaker.state, breaker.failures, breaker.tryPass()]).toEqual(["halfOpen", 3, REFUSED]);
    breaker.succeed(probe);
    expect(breaker.state).toBe("closed");
  });

  test("lets another probe pass when one never settles, and none in between", () => {
    const [breaker, first] = probing();
    clock.block(999);
    expect(breaker.tryPass()).toBe(REFUSED);
    clock.block(1);
    const second = breaker.tryPass();
    expect([second === REFUSED, second === first, breaker.tryPass()]).toEqual([false, false, REFUSED]);
    expect(log).toEqual([]);
  });

  test("takes a late success of a lost probe, but not its failure", () => {
    const [breaker, lost] = probing();
    clock.block(1_000);
    const second = breaker.tryPass();
    breaker.fail(lost, FAILURE);
    expect(breaker.state).toBe("halfOpen");
    breaker.succeed(lost);
    expect(breaker.state).toBe("closed");
    breaker.fail(second, FAILURE);
    expect([breaker.state, breaker.failures]).toEqual(["closed", 0]);
  });

  test("makes another probe after a hint, and does not count the failure of the one before", () => {
    const [breaker, first] = probing();
    breaker.hint();
    breaker.fail(first, FAILURE);
    breaker.fail(REFUSED, FAILURE);
    expect(breaker.state).toBe("halfOpen");
    const second = breaker.tryPass();
    expect([second === REFUSED, breaker.tryPass()]).toEqual([false, REFUSED]);
    breaker.fail(second, FAILURE);
    expect(breaker.state).toBe("open");
  });
});

describe("a breaker that has closed again", () => {
  test("does not count what its earlier lives left behind", () => {
    const breaker = make();
    const early = Array.from({ length: 20 }, () => breaker.tryPass());
    fail(breaker, 3);
    breaker.hint();
    succeed(breaker, 1);
    fail(breaker, 2);
    for (const [index, pass] of early.entries()) {
      if (index % 2 === 0) breaker.succeed(pass);
      else breaker.fail(pass, FAILURE);
    }
    expect([breaker.state, breaker.failures]).toEqual(["closed", 2]);
  });

  test("does not take failures from before it opened for its rate", () => {
    const breaker = make({ ...SETTINGS, failures: 9 });
    fail(breaker, 9);
    breaker.hint();
    succeed(breaker, 1);
    fail(breaker, 8);
    expect(breaker.state).toBe("closed");
  });
});

describe("the listener for changes", () => {
  test("finds the breaker changed already, and may use it", () => {
    const seen: unknown[] = [];
    const breaker: Breaker = new Breaker(
      SETTINGS,
      clock,
      () => 0.5,
      (state) => void seen.push([state, breaker.state, breaker.tryPass() === REFUSED]),
    );
    fail(breaker, 3);
    clock.block(1_000);
    const probe = breaker.tryPass();
    expect(probe).not.toBe(REFUSED);
    breaker.succeed(probe);
    expect(seen).toEqual([
      ["open", "open", true],
      // The probe is the pass that is being handed out.
      ["halfOpen", "halfOpen", true],
      ["closed", "closed", false],
    ]);
  });

  test("leaves the breaker whole even when it throws, which it must not", () => {
    const breaker = new Breaker(
      SETTINGS,
      clock,
      () => 0.5,
      () => {
        throw new Error("thrown by a listener");
      },
    );
    expect(() => fail(breaker, 3)).toThrow("thrown by a listener");
    expect([breaker.state, breaker.tryPass()]).toEqual(["open", REFUSED]);
    clock.block(1_000);
    expect(() => breaker.tryPass()).toThrow("thrown by a listener");
    expect([breaker.state, breaker.tryPass()]).toEqual(["halfOpen", REFUSED]);
    clock.block(1_000);
    const probe = breaker.tryPass();
    expect(() => breaker.succeed(probe)).toThrow("thrown by a listener");
    expect([breaker.state, breaker.failures]).toEqual(["closed", 0]);
  });
});

test("makes at most one probe per time set, and closes once calls succeed, whatever happened before", () => {
  type Step = { readonly kind: "call" | "hint" } | { readonly kind: "settle"; which: number; ok: boolean } | number;
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant<Step>({ kind: "call" }),
    fc.record({ kind: fc.constant("settle" as const), which: fc.nat(20), ok: fc.boolean() }),
    fc.constant<Step>({ kind: "hint" }),
    fc.nat(600),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const breaker = make();
      const underWay: Pass[] = [];
      let nextProbeAt = -Infinity;
      for (const one of steps) {
        if (typeof one === "number") clock.block(one);
        else if (one.kind === "hint") {
          breaker.hint();
          nextProbeAt = -Infinity;
        } else if (one.kind === "settle") {
          const [pass] = underWay.splice(one.which % Math.max(underWay.length, 1), 1);
          if (pass === undefined) continue;
          const before = breaker.state;
          if (one.ok) breaker.succeed(pass);
          else breaker.fail(pass, FAILURE);
          if (before === "open") expect(breaker.state).toBe("open");
        } else {
          const wasClosed = breaker.state === "closed";
          const pass = breaker.tryPass();
          if (pass === REFUSED) continue;
          underWay.push(pass);
          if (wasClosed) nextProbeAt = -Infinity;
          else {
            expect(breaker.state).toBe("halfOpen");
            expect(clock.now()).toBeGreaterThanOrEqual(nextProbeAt);
            nextProbeAt = clock.now() + SETTINGS.openMs;
          }
        }
      }
      clock.block(SETTINGS.openMs * 1.25);
      breaker.succeed(breaker.tryPass());
      expect(breaker.state).toBe("closed");
    }),
  );
});

test("has the defaults that are documented", () => {
  expect(BREAKER_DEFAULTS).toEqual({
    failures: 5,
    openMs: 30_000,
    rate: 0.5,
    rateWindowMs: 10_000,
    rateMinimum: 20,
  });
});
