// Waits for a condition, but not for ever.
import { setTimeout as delay } from "node:timers/promises";

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** Resolves when the condition holds, or when patience is at its end. */
export async function eventually(holds: () => boolean): Promise<void> {
  const deadlineAt = performance.now() + PATIENCE_MS;
  while (!holds() && performance.now() < deadlineAt) await delay(LOOK_EVERY_MS);
}
