// The mechanisms behind the promises, each with the text that takes it out: tests that go on passing without it show nothing.

import type { Edit } from "../support/bundle.ts";

/** A package without a mechanism. */
export interface Mutant {
  /** The file of tests that fails without it. */
  readonly shownBy: string;
  readonly edits: readonly Edit[];
}

/**
 * By name, which `FRESHTIER_WITHOUT` gives. `FRESHTIER_WITHOUT=lease npx vitest run test/faults/leases.test.ts` must
 * fail, and so on.
 */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  // P2: everybody gets the lease.
  lease: {
    shownBy: "leases.test.ts",
    edits: [
      {
        file: "redis/lease-scripts.ts",
        find: "if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'granted'} end",
        replace: "redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])\nif true then return {'granted'} end",
      },
    ],
  },
  // P2: the lease of a long refresh runs out.
  "lease renewal": {
    shownBy: "leases.test.ts",
    edits: [
      {
        file: "engine/lease.ts",
        find: "if ((await this.#shared.renew(this.#fullKey, this.#token)) === false) this.#cancel();",
        replace: "",
      },
    ],
  },
  // P2: that of a process that died never does.
  "lease expiry": {
    shownBy: "leases.test.ts",
    edits: [
      {
        file: "redis/lease-scripts.ts",
        find: "redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])",
        replace: "redis.call('SET', KEYS[2], ARGV[1], 'NX')",
      },
    ],
  },
  // P2, P3, P6: the authority stores what a flight brings whose lease has ended.
  "lease check": {
    shownBy: "leases.test.ts",
    edits: [
      {
        file: "redis/write-scripts.ts",
        find: "if redis.call('GET', KEYS[2]) ~= ARGV[11] then",
        replace: "if false then",
      },
    ],
  },
  // P3: memory keeps what a flight brings that an invalidation has overtaken.
  fence: {
    shownBy: "fence.test.ts",
    edits: [
      {
        file: "engine/single-flight.ts",
        find: "return !this.isOvertaken(flight) && !(tags !== undefined && areTagsTouched(tags, flight.asOf));",
        replace: "return true || (tags === undefined && flight === undefined);",
      },
    ],
  },
  // P4, P5: nobody listens to what others say.
  hearing: {
    shownBy: "bus.test.ts",
    edits: [{ file: "engine/hear.ts", find: "hear(engine, shared, message, isOwn),", replace: "undefined," }],
  },
  // P4: a bus that brings nothing any more is believed for ever, and so is one by a process that was paused.
  divergence: {
    shownBy: "bus.test.ts",
    edits: [
      {
        file: "redis/bus.ts",
        find: "this.#trustedUntil = sentAt + this.#parts.divergenceLimitMs;",
        replace: "this.#trustedUntil = Infinity + sentAt;",
      },
    ],
  },
  // P4: copies from before the bus was lost are believed when it is back.
  trust: {
    shownBy: "bus.test.ts",
    edits: [
      { file: "engine/trust.ts", find: "entry.asOf >= this.since && ", replace: "" },
      { file: "engine/shared-epochs.ts", find: " || known.asOf < trust.since", replace: "" },
    ],
  },
  // P4: a lost message goes unnoticed.
  "message numbers": {
    shownBy: "bus.test.ts",
    edits: [{ file: "redis/gap-alarm.ts", find: "if (this.#sequences.hasGap()) this.#onGap();", replace: "" }],
  },
  // P6: freshness by one's own clock.
  "server clock": {
    shownBy: "clocks.test.ts",
    edits: [
      {
        file: "model/server-clock.ts",
        find: "if (serverAt === Infinity) return Infinity;",
        replace: "if (serverAt < Infinity) return serverAt;",
      },
    ],
  },
  // P7: an epoch that got lost comes back as it was at first.
  minting: {
    shownBy: "loss.test.ts",
    edits: [
      {
        file: "redis/epoch-scripts.ts",
        find: "local stamp = string.format('%.0f', time[1] * 1000000 + time[2]) .. '-' .. ARGV[1]",
        replace: "local stamp = '1-1'",
      },
    ],
  },
  // P7: what a new server may have missed is not done again.
  reissue: {
    shownBy: "loss.test.ts",
    edits: [{ file: "engine/hear.ts", find: "  shared.recovery.reissue();\n", replace: "" }],
  },
  // P10: nobody looks at deadlines.
  deadline: {
    shownBy: "answers.test.ts",
    edits: [{ file: "redis/deadlines.ts", find: "this.#giveUp(late.reject);", replace: "" }],
  },
  // P10: the breaker never opens.
  breaker: {
    shownBy: "answers.test.ts",
    edits: [
      {
        file: "model/breaker.ts",
        find: "if (reason !== undefined) this.#open(",
        replace: "if (reason === null) this.#open(",
      },
    ],
  },
  // P11: what is pending counts as done again although nothing was done.
  replay: {
    shownBy: "pending.test.ts",
    edits: [
      { file: "engine/recovery.ts", find: "    if (!(await this.#do(invalidation))) return false;\n", replace: "" },
    ],
  },
  // P11: while an invalidation is pending, its process believes what the authority still holds.
  gate: {
    shownBy: "replay.test.ts",
    edits: [
      {
        file: "engine/recovery.ts",
        find: "return this.#pending.size > 0 && this.#pending.has(id);",
        replace: "return this.#pending.size < 0 && this.#pending.has(id);",
      },
      { file: "engine/recovery.ts", find: "if (this.#pending.has(epoch)) return true;", replace: "" },
    ],
  },
  // P11: what timed out here is done there, however late.
  "write deadline": {
    shownBy: "replay.test.ts",
    edits: [{ file: "redis/script.ts", find: "if now > tonumber(ARGV[3]) then", replace: "if false then" }],
  },
  // P11: a pending set counts as done.
  "pending set": {
    shownBy: "pending.test.ts",
    edits: [
      {
        file: "engine/setting.ts",
        find: "else if (!isResult) shared.recovery.defer(invalidation);",
        replace: "",
      },
    ],
  },
  // P11: copies are trusted before the replay.
  "replay first": {
    shownBy: "replay.test.ts",
    edits: [
      {
        file: "engine/hear.ts",
        find: "if (shared.recovery.isOpen) void shared.recovery.tryNow();\n      else trust(engine, shared);",
        replace: "trust(engine, shared);\n      void shared.recovery.tryNow();",
      },
    ],
  },
  // P11: nobody says what died with the process.
  "last words": {
    shownBy: "close.test.ts",
    edits: [{ file: "engine/close.ts", find: "if (count > 0 && observer", replace: "if (count < 0 && observer" }],
  },
  // P12: connections stay open.
  disconnecting: {
    shownBy: "close.test.ts",
    edits: [
      {
        file: "redis/link.ts",
        find: 'if (this.settings.target.kind !== "client") connection?.disconnect();',
        replace: "void connection;",
      },
    ],
  },
  // P12: close() waits for whatever runs.
  "close timeout": {
    shownBy: "close.test.ts",
    edits: [
      {
        file: "engine/close.ts",
        find: "const cancel = clock.schedule(Math.max(0, timeoutMs), resolve, true);",
        replace: "const cancel = clock.schedule(timeoutMs + 60_000, resolve, true);",
      },
    ],
  },
};

/** @throws Error for a name that is none */
export function editsOf(name: string | undefined): readonly Edit[] {
  if (name === undefined) return [];
  const mutant = MUTANTS[name];
  if (mutant === undefined) throw new Error(`FRESHTIER_WITHOUT must be one of ${Object.keys(MUTANTS).join(", ")}`);
  return mutant.edits;
}
