// Waits for a condition with a deadline: what tests with real servers do instead of sleeping.

const POLL_MS = 5;

/** How long to wait and what for. */
export interface WaitOptions {
  /** Milliseconds until it fails. Default 5,000. */
  readonly deadlineMs?: number;
  /** The condition in words, for the message of the failure. */
  readonly what: string;
}

/** What a condition may give once it holds. */
export type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

/**
 * Asks until the answer is truthy and resolves with it. A condition that throws does not hold yet; its last error is
 * the cause of the failure. A condition that hangs does not hang the caller: the deadline covers it.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { deadlineMs = 5_000, what }: WaitOptions,
): Promise<Truthy<T>> {
  const deadlineAt = performance.now() + deadlineMs;
  let cause: unknown;
  for (;;) {
    const leftMs = deadlineAt - performance.now();
    if (leftMs <= 0) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`, { cause });
    try {
      const answer = await within(leftMs, condition());
      // `as`: the compiler does not narrow a type parameter by its truth
      if (answer) return answer as Truthy<T>;
    } catch (error) {
      cause = error;
    }
    await pause(Math.min(POLL_MS, leftMs));
  }
}

async function within<T>(ms: number, answer: T | Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
