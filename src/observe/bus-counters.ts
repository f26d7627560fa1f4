// What has been heard on the bus, in numbers.

/** Plain numbers of one cache: an addition for each message. How long messages take, the bus says itself (`lagMs`). */
export class BusCounters {
  /** Messages of this cache, those of its own process included. */
  messages = 0;
  /** How often it has been seen that some are missing. */
  gaps = 0;
  /** How many those were, as far as that was known. */
  missing = 0;
  /** How often being live has ended, for whatever reason. */
  losses = 0;
}
