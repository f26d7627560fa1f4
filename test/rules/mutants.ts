// The mechanisms of the rules, each with the text that takes it out of the sources.

import type { Edit } from "../support/bundle.ts";

/** A mechanism, and the edits that take it out. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

function without(name: string, file: string, find: string, replace = ""): Mutant {
  return { name, edits: [{ file, find, replace }] };
}

function both(name: string, ...mutants: readonly Mutant[]): Mutant {
  return { name, edits: mutants.flatMap(({ edits }) => edits) };
}

// R1

export const FENCE_AT_CALL: Mutant = without(
  "the fence at the call",
  "engine/invalidate.ts",
  "  const invalidation = ofKey(engine, target, false);\n  applyHere(engine, invalidation);\n",
  "  const invalidation = ofKey(engine, target, false);\n",
);

export const FENCE_AT_SETTLING: Mutant = without(
  "the fence when it settles",
  "engine/invalidate.ts",
  "    applyHere(engine, invalidation, number);\n",
);

/** What covers for it while the invalidation is pending: then a copy counts only if all was heard since. */
const COPIES_BEHIND_THE_GATE: Mutant = without(
  "the doubt of copies behind the gate",
  "engine/find.ts",
  "copy !== undefined && shared.trust.wouldHear(copy.entry) ? copy : undefined",
  "copy",
);

/** The mutant, and what covers for it. */
export function behindTheGate(mutant: Mutant): Mutant {
  return both(mutant.name, mutant, COPIES_BEHIND_THE_GATE);
}

export const FENCE_AT_SETTLING_OF_SET: Mutant = without(
  "the fence when a set settles",
  "engine/setting.ts",
  "  applyHere(engine, invalidation, number);\n",
);

/** Reads as well as flights are under way. */
export const FENCE_OF_READS: Mutant = without(
  "the fence of reads",
  "engine/apply-here.ts",
  "  shared?.lookups.fence(id);\n",
);

export const FENCE_OF_FLIGHTS: Mutant = without(
  "the fence of flights",
  "engine/apply-here.ts",
  "  flights.fence(id, number);\n",
);

// R2

export const DOUBT_OF_MESSAGES: Mutant = without(
  "the doubt that a message carries",
  "engine/shared-epochs.ts",
  "known.asOf < changedAt || ",
);

/** An epoch in doubt is as good as one in more doubt. */
export const EVERY_MESSAGE_COUNTS: Mutant = without(
  "the count of a message that says nothing new",
  "engine/hear.ts",
  "  applyHere(engine, invalidation);\n  if (isOwn) return;\n",
  `  const { known, changedAt } = invalidation.kind === "epoch" ? invalidation.epoch : { known: undefined, changedAt: 0 };
  if (known === undefined || known.asOf >= changedAt) applyHere(engine, invalidation);
  if (isOwn) return;
`,
);

export const NEW_EPOCHS_ARE_NEW: Mutant = without(
  "the random text and the time in epochs",
  "redis/epoch-scripts.ts",
  "local stamp = string.format('%.0f', time[1] * 1000000 + time[2]) .. '-' .. ARGV[1]",
  "local stamp = '1-1'",
);

// R3

export const TOKEN_OF_COPIES: Mutant = without(
  "the trust token of copies",
  "engine/trust.ts",
  "entry.asOf >= this.since && ",
);

export const TOKEN_OF_EPOCHS: Mutant = without(
  "the trust token of the epoch table",
  "engine/shared-epochs.ts",
  " || known.asOf < trust.since",
);

export const TOKEN_AT_ISSUE: Mutant = without(
  "the trust token of the instant when a read was issued",
  "engine/judge.ts",
  "new Entry(value, createdAt, spans, this.#stamp, ",
  "new Entry(value, createdAt, spans, { ...this.#stamp, asOf: this.#engine.epochs.now }, ",
);

/** Two in a row: that messages are heard is noted first, then that copies are trusted. */
export const TOKEN_AT_ACKNOWLEDGEMENT: Mutant = both(
  "the new trust token when the subscription is acknowledged",
  without("", "engine/trust.ts", "this.since = this.#epochs.advance();", "this.since = this.#epochs.now;"),
  without("", "engine/trust.ts", "this.#heardSince = this.#epochs.advance();", "this.#heardSince = this.#epochs.now;"),
);

export const EPOCHS_OF_ONE_READ: Mutant = without(
  "the forgetting of epochs that were fetched while nothing is heard",
  "engine/shared-epochs.ts",
  " || known.asOf < trust.since) return undefined;\n  return trust.isUp ? known : undefined;",
  ") return undefined;\n  return known;",
);

export const END_OF_TRUST: Mutant = without(
  "the end of trust by the clock",
  "engine/trust.ts",
  "this.turnNow() < (this.#bus as Bus).trustedUntil",
  "true",
);

export const NUMBERS_OF_MESSAGES: Mutant = without(
  "the numbers of messages",
  "redis/gap-alarm.ts",
  "if (this.#sequences.hasGap()) this.#onGap();",
);

// R4

export const REFRESH_OF_STALE_ACQUIRED: Mutant = without(
  "the refresh of a stale frame that comes instead of the lease",
  "engine/lease.ts",
  `stateOf(entry, engine.clock.now()) === "fresh"`,
  "true",
);

export const JUDGEMENT_OF_ACQUIRED: Mutant = without(
  "the judgement of a frame that comes instead of the lease",
  "engine/lease.ts",
  "frame, this.#stamp, NONE);",
  "frame, this.#stamp, Object.assign(new Map(), { has: () => true }));",
);

export const DROPPING_OF_PREVIOUS: Mutant = without(
  "the dropping of a stale value that is gone",
  "engine/lease.ts",
  "    this.#dropPrevious();\n    if",
  "    if",
);

export const TAGS_OF_NOT_MODIFIED: Mutant = without(
  "the tags that notModified() keeps",
  "engine/fill.ts",
  "notes.notModified ? previous?.tags : undefined",
  "undefined",
);

export const TELLING_OF_EPOCHS: Mutant = without(
  "the invalidation that a changed epoch tells of",
  "engine/shared-epochs.ts",
  '    if (isHard || known.soft !== soft) applyHere(engine, { kind: "epoch", epoch, soft: !isHard });\n',
);

// R5

export const JOINING_UNHEARD: Mutant = without(
  "the doubt of who joins a flight and cannot have heard",
  "engine/ride.ts",
  "      if (isUnheard && !(await isStillGood(engine, flight, outcome))) return undefined;\n",
);

export const EPOCHS_READ_AFTERWARDS: Mutant = without(
  "the epochs that are read after the fill",
  "engine/ride.ts",
  "  if (version === undefined || storedUnder === undefined) return false;\n",
  "  if (version === undefined || storedUnder === undefined) return false;\n  return true;\n",
);

export const SERVED_BY_OTHERS: Mutant = without(
  "the doubt of what another process has served",
  "engine/ride.ts",
  "  if (version === undefined || storedUnder === undefined) return false;\n",
  "  if (version === undefined) return false;\n  if (storedUnder === undefined) return true;\n",
);

export const DOUBT_OF_LATE_TAGS: Mutant = without(
  "the doubt of who joins a flight whose tags are not known yet",
  "engine/ride.ts",
  "isDoubtful: running.asOf < epochs.now, isUnheard",
  "isDoubtful: false, isUnheard",
);

export const JOINING_OF_READS: Mutant = without(
  "the reads of their own for those who came later",
  "engine/lookup.ts",
  "if (running.stamp.asOf >= trust.since && trust.isUp) return",
  "return",
);

// R6

export const AGE_OF_LATE_TAGS: Mutant = without(
  "the age that a late tag must have",
  "engine/shared-epochs.ts",
  "    if (since > begunAt - CLEARLY_EARLIER_MS) return undefined;\n",
);

export const TABLE_OF_BEFORE: Mutant = without(
  "the question whether the table had a late tag before",
  "engine/shared-epochs.ts",
  " && known.number < number ? known",
  " ? known",
);

// R7

export const FENCE_OF_SETS: Mutant = without(
  "the fence of sets by sets of others",
  "engine/single-flight.ts",
  "pending.version !== version) pending.fenced = true;",
  "pending.version !== version) pending.target;",
);

export const FLIGHTS_FENCED_BY_SETS: Mutant = without(
  "the fence of flights by sets of others",
  "engine/hear.ts",
  "        engine.flights.fenceOthers(id, message.version);\n",
);

export const VERSIONS_IN_MESSAGES: Mutant = without(
  "the dropping of copies of another version",
  "engine/hear.ts",
  "copy.version !== version) memory.delete(id);",
  "copy.version !== version) memory.peek(id);",
);

export const ORDER_OF_CALLS: Mutant = without(
  "the order of calls about one key",
  "engine/single-flight.ts",
  "  sentBefore(id: string, number: number): Promise<unknown> | undefined {\n",
  "  sentBefore(id: string, number: number): Promise<unknown> | undefined {\n    if (number > 0) return undefined;\n",
);

export const FILLS_OF_OTHERS: Mutant = without(
  "the memory of what others have filled meanwhile",
  "engine/fill.ts",
  "if (isDone && heardVersion !== undefined && heardVersion !== version) {",
  "if (false) {",
);

// R8

export const GATE_OF_KEYS: Mutant = without(
  "the gate of keys",
  "engine/recovery.ts",
  "return this.#pending.size > 0 && this.#pending.has(id);",
  "return false;",
);

export const GATE_OF_EPOCHS: Mutant = without(
  "the gate of epochs",
  "engine/recovery.ts",
  "if (this.#pending.has(epoch)) return true;",
  "",
);

/** Who takes a lease is shown what the authority holds instead. */
export const GATE_OF_LEASES: Mutant = without(
  "the gate of leases",
  "engine/lease.ts",
  "    if (recovery.gates(target.id, epochs)) return this.#alone();\n",
);

export const GATE: Mutant = both("the gate", GATE_OF_KEYS, GATE_OF_EPOCHS);

export const REPLAY_AS_DELETE: Mutant = {
  name: "the replay of a set as a delete",
  edits: [
    {
      file: "engine/set-send.ts",
      find: "  pending.version = version;\n",
      replace: "  pending.version = version;\n  pending.again = () => shared.set(fullKey, frame, spans);\n",
    },
    {
      file: "engine/setting.ts",
      find: "fullKey: shared.fullKey(target), soft: false } as const;",
      replace: "fullKey: shared.fullKey(target), soft: false, again: pending.again } as const;",
    },
    {
      file: "engine/recovery.ts",
      find: "    const removed = await shared.remove(fullKey);\n",
      replace: `    if (invalidation.again) return (await invalidation.again())?.kind === "stored";
    const removed = await shared.remove(fullKey);
`,
    },
  ],
};

export const WAIT_FOR_THE_DEADLINE: Mutant = without(
  "the wait for the deadline of the first try",
  "engine/recovery.ts",
  "    if (this.#clock.now() <= notBefore) return false;\n",
);

export const DEADLINE_OF_WRITES: Mutant = without(
  "the deadline of writes",
  "redis/script.ts",
  "if now > tonumber(ARGV[3]) then",
  "if false then",
);

// R9. What a process does itself it hears of as well, and either is enough.

const NOTING_OF_OWN = without(
  "",
  "engine/invalidate.ts",
  "    if (isDone) shared.recovery.note(invalidation);\n    else shared",
  "    if (!isDone) shared",
);
const NOTING_OF_OWN_SETS = without(
  "",
  "engine/setting.ts",
  "  if (isDone) shared.recovery.note(invalidation, now);\n  else if (!isResult) shared",
  "  if (!isDone && !isResult) shared",
);
const NOTING_OF_HEARD = without(
  "",
  "engine/hear.ts",
  "  shared.recovery.note(invalidation);\n  applyHere(",
  "  applyHere(",
);
const NOTING_OF_HEARD_SETS = without("", "engine/hear.ts", "        shared.recovery.note(invalidation);\n");

export const LIST_OF_OWN: Mutant = both("the list of own invalidations", NOTING_OF_OWN, NOTING_OF_HEARD);
export const LIST_OF_RECEIVED: Mutant = both("the list of received invalidations", NOTING_OF_HEARD);
export const LIST_OF_SETS: Mutant = both("the list of sets", NOTING_OF_OWN_SETS, NOTING_OF_HEARD_SETS);
export const LIST_OF_RECEIVED_SETS: Mutant = both("the list of received sets", NOTING_OF_HEARD_SETS);

export const OVERFLOW_OF_RECENT: Mutant = without(
  "the clear that stands for what was forgotten",
  "engine/recovery.ts",
  "      if (isOverflow) this.#forgottenUntil = one.at + RECENT_MS;\n",
);

export const OVERFLOW_OF_PENDING: Mutant = without(
  "the clear that stands for too much that is pending",
  "engine/recovery.ts",
  "    this.#pending.clear();\n    this.#pending.set(this.#root, ",
  "    this.#pending.delete(this.#pending.keys().next().value as string);\n    if (false) this.#pending.set(this.#root, ",
);

export const TRUST_LAST: Mutant = without(
  "the order of replay and trust",
  "engine/hear.ts",
  "void shared.recovery.tryNow();\n      else trust(engine, shared);",
  "void shared.recovery.tryNow();\n      trust(engine, shared);",
);

// R10

/** Before the time of the new server is known, nothing that has come from it is used either. */
export const REPLIES_OF_THEIR_GENERATION: Mutant = both(
  "the refusal of replies that cross a generation",
  without(
    "",
    "redis/client.ts",
    "if (generation === undefined || this.#link.isCurrent(generation)) resolve(make(value));",
    "if (true) resolve(make(value));",
  ),
  without("", "engine/hear.ts", "  shared.time.forget();\n"),
);

export const OTHER_DATA_IS_A_RECONNECT: Mutant = without(
  "the look at who the server is",
  "redis/link.ts",
  `    else this.#endGeneration("the server continues other data than before");\n`,
);

/** Its promotion shows as other data, too. */
export const A_REPLICA_IS_A_RECONNECT: Mutant = both(
  "the look at who refuses",
  OTHER_DATA_IS_A_RECONNECT,
  without("", "redis/client.ts", "if (isRefusedAsReplica(error)) this.#link.leaveReplica();"),
  without("", "redis/link.ts", `if (change === "replica") this.leaveReplica();`, `if (change === "replica") return;`),
);

// R11

export const FULL_VERIFICATION: Mutant = without(
  "the judgement of a frame whose version is known",
  "engine/judge.ts",
  "  const frame = decodeFrame(shared.fullKey(target), bytes);\n",
  `  const held = engine.memory.peek(target.id);
  if (held?.version !== undefined && held.version === readVersion(bytes)) {
    const entry = new Entry(held.value, held.createdAt, held, { ...held, asOf: stamp.asOf }, 0, held.version, undefined);
    return { kind: "usable", entry };
  }
  const frame = decodeFrame(shared.fullKey(target), bytes);
`,
);

export const RANDOM_VERSIONS: Mutant = without(
  "the randomness of versions",
  "engine/share.ts",
  "  const version = newVersion();\n",
  `  const version = String((shared.count = (shared.count ?? 0) + 1)).padStart(16, "0");\n`,
);

// R12

export const SUSPECT_FROM_BIRTH: Mutant = without(
  "the doubt of copies that the authority has not confirmed",
  "engine/trust.ts",
  " && entry.version !== undefined",
);

export const ONLY_CONFIRMED_FILLS: Mutant = without(
  "the difference between a fill and an attempt",
  "engine/fill.ts",
  "const confirmed = isDone ? version : undefined;",
  "const confirmed = version;",
);
