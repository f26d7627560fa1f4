// What went wrong, where Node says it of several addresses at once.

/**
 * An error with a message. Where a name has several addresses, as `localhost` has, and none of them answers, Node puts their
 * errors into one without a message: then the first of them, since they say the same of each.
 */
export function firstError(error: unknown): unknown {
  if (!(error instanceof AggregateError) || error.message !== "") return error;
  return error.errors[0] ?? error;
}
