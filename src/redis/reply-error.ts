// What the errors mean that a server answers with: that it would not, that it is a replica, or that it could not.

/** Full, too few replicas, cannot save, not allowed: said by a server that is well, and says no to this command. */
const REFUSALS: ReadonlySet<string> = new Set(["OOM", "NOREPLICAS", "MISCONF", "NOPERM"]);

/**
 * The first word of an error that a server answered with; `undefined` for any other error. Before 7.0 what a script's
 * command failed of stands at the end of the script's own error; 7.0 says without it that a script may not do something.
 */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  if (error.message.startsWith("ERR The user executing the script can't ")) return "NOPERM";
  return /^(?:ERR Error running script .*: -)?([A-Z]+)\b/s.exec(error.message)?.[1];
}

/** The server would not do what it was asked, and is otherwise as it should be. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(replyCode(error) ?? "");
}

/** The server took the command for one it must not run, and did not run it: it is no primary, as it should be. */
export function isRefusedAsReplica(error: unknown): boolean {
  const code = replyCode(error);
  return code === "READONLY" || code === "MASTERDOWN";
}
