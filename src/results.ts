// What verbs resolve to.

/**
 * How far an invalidation or a write has got. `done`: the tier that all processes share has it. `pending`: it could not
 * be reached; the rest happens when it can. `none`: there is no shared tier.
 */
export interface MutationResult {
  readonly authority: "done" | "pending" | "none";
}

/** Result of `delete`. */
export interface DeleteResult extends MutationResult {
  /** Whether there was an entry, as far as could be told. */
  readonly existed: boolean;
}

/** Result of `deleteMany` and `deleteMatching`. */
export interface DeleteManyResult extends MutationResult {
  /** How many entries there were. */
  readonly deleted: number;
}
