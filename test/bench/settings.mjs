// What every contender is configured with, and how long everything is measured.

export const MAX_ENTRIES = 10_000;
export const TTL_MS = 300_000;
export const STALE_MS = 60_000;
export const TAG = "users";

/**
 * @typedef {object} Pace
 * @property {number} starts how often each contender's process is started anew
 * @property {number} rounds timed rounds per start
 * @property {number} roundMs length of a timed round
 * @property {number} warmUpMs untimed work before the first round
 * @property {number} staleRounds rounds of the stale workload
 * @property {number} memoryEntries entries in the memory workload
 * @property {number} clearRounds rounds of the clear workload
 * @property {readonly number[]} clearSizes entries in the cleared namespace
 * @property {number} importRounds imports per contender
 * @property {RedisPace} redis
 * @property {SqlitePace} sqlite
 * @property {HttpPace} http
 */

/**
 * @typedef {object} SqlitePace the same first four
 * @property {number} starts
 * @property {number} rounds
 * @property {number} roundMs
 * @property {number} warmUpMs
 */

/**
 * @typedef {object} RedisPace how long the Redis rows are measured: the first four as above
 * @property {number} starts
 * @property {number} rounds
 * @property {number} roundMs
 * @property {number} warmUpMs
 * @property {number} stampedeRounds
 * @property {number} staleRounds
 * @property {number} clearRounds
 * @property {readonly number[]} clearSizes
 * @property {number} rivalClearRounds the same for the others: filling takes most of the time, and they differ by magnitudes
 */

/**
 * @typedef {object} HttpPace how long the rows of HTTP are measured: starts and rounds as above
 * @property {number} starts
 * @property {number} rounds
 * @property {number} requests in a timed round
 * @property {number} warmUpRequests before the first round
 */

/**
 * A process can be lucky or unlucky with what the compiler inlines and where its heap lies, and stays so for its
 * whole life. So each contender is started several times.
 *
 * What takes ten microseconds and more is done a few thousand times in 200 ms, and its code is compiled for speed only
 * after that, whoever's it is. So the rows of Redis and SQLite warm up for longer, and these for as long as it takes in a
 * process that goes on running.
 * @type {Pace}
 */
export const FULL_PACE = Object.freeze({
  starts: 5,
  rounds: 4,
  roundMs: 50,
  warmUpMs: 200,
  staleRounds: 5,
  memoryEntries: 50_000,
  clearRounds: 9,
  clearSizes: [1, 10_000, 1_000_000],
  importRounds: 15,
  redis: Object.freeze({
    starts: 3,
    rounds: 6,
    roundMs: 60,
    warmUpMs: 1_000,
    stampedeRounds: 7,
    staleRounds: 4,
    clearRounds: 3,
    clearSizes: [1, 10_000, 100_000],
    rivalClearRounds: 1,
  }),
  sqlite: Object.freeze({ starts: 5, rounds: 5, roundMs: 200, warmUpMs: 1_500 }),
  http: Object.freeze({ starts: 2, rounds: 5, requests: 10_000, warmUpRequests: 10_000 }),
});

/** @type {Pace} */
export const QUICK_PACE = Object.freeze({
  starts: 1,
  rounds: 3,
  roundMs: 10,
  warmUpMs: 50,
  staleRounds: 1,
  memoryEntries: 5_000,
  clearRounds: 3,
  clearSizes: [1, 10_000, 100_000],
  importRounds: 2,
  redis: Object.freeze({
    starts: 1,
    rounds: 3,
    roundMs: 20,
    warmUpMs: 50,
    stampedeRounds: 2,
    staleRounds: 1,
    clearRounds: 1,
    clearSizes: [1, 100, 1_000],
    rivalClearRounds: 1,
  }),
  sqlite: Object.freeze({ starts: 1, rounds: 3, roundMs: 20, warmUpMs: 50 }),
  http: Object.freeze({ starts: 1, rounds: 1, requests: 1_000, warmUpRequests: 1_000 }),
});
