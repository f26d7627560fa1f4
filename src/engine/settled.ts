// How far a change has got on its way to the authority.

/** See `MutationResult`. */
export type Settled = "done" | "pending" | "none";

/** Of several. */
export function worst(all: readonly Settled[]): Settled {
  if (all.includes("pending")) return "pending";
  return all.includes("none") ? "none" : "done";
}
