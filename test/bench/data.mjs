// Keys, values and the order in which they are visited: the same for every contender.

import { randomBytes } from "node:crypto";

export const WORKING_SET = 1_000;
const VISITS = 4_096;

/** @param {string} prefix @param {number} count @returns {string[]} */
export function makeKeys(prefix, count) {
  return Array.from({ length: count }, (_, i) => flat(`${prefix}:${i}`));
}

/** @param {number} count */
export function makeUsers(count) {
  return Array.from({ length: count }, (_, i) => ({ id: i + 1, name: `user ${i}`, active: true }));
}

/** Users of about 1 KB as JSON: what the Redis rows store. @param {number} count */
export function makeProfiles(count) {
  return makeUsers(count).map((user, i) => ({
    ...user,
    email: `user.${i}@example.com`,
    roles: ["reader", "writer"],
    balance: i * 1.25,
    createdAt: 1_700_000_000_000 + i,
    address: { street: `${i} Main Street`, city: "Springfield", zip: "12345", country: "US" },
    about: randomBytes(380).toString("hex"),
  }));
}

/** @param {number} count @param {number} bytes @returns {string[]} different strings of one byte per character */
export function makeStrings(count, bytes) {
  return Array.from({ length: count }, () => randomBytes(bytes / 2).toString("hex"));
}

/** Pseudo-random visits to the working set, the same in every process. */
export function makeVisits() {
  let state = 0x2545f491;
  return Uint16Array.from({ length: VISITS }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % WORKING_SET;
  });
}

/** What the ids seen in one pass over the visits add up to: proof that every read gave the right value. */
export function sumOfVisits(visits) {
  return visits.reduce((sum, visit) => sum + visit + 1, 0);
}

/** A template literal may be a rope, whose first lookup would pay for flattening it. */
function flat(text) {
  return Buffer.from(text).toString("latin1");
}
