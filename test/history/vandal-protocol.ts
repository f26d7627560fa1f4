// What a run asks of the process that harms its file.

/** What can be done to a file behind the back of those that use it. */
export type Harm = "removed file" | "removed log" | "replaced file" | "overwritten file" | "truncated log";

/** One thing to do. */
export type VandalTask =
  /** Begin a transaction and leave it open. */
  | { readonly what: "lock"; readonly mode: "IMMEDIATE" | "EXCLUSIVE" }
  | { readonly what: "release" }
  /** Write everything into the file, and empty its log. */
  | { readonly what: "checkpoint" }
  /** @property choice in [0, 1): how, and how much of it */
  | { readonly what: "harm"; readonly harm: Harm; readonly choice: number };

/** To it. */
export interface ToVandal {
  readonly id: number;
  readonly task: VandalTask;
}

/** From it, when the task has been done. */
export interface FromVandal {
  readonly id: number;
  readonly error: string | undefined;
}
