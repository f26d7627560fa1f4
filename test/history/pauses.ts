// Notices when the event loop of this process stands still.

import type { Instant } from "./entries.ts";
import { instant } from "./protocol.ts";

const LOOK_EVERY_MS = 5;
/** Shorter pauses change nothing. */
export const WORTH_TELLING_MS = 15;

/** Reports every stretch of time without a turn of the event loop. Returns what ends it. */
export function watchPauses(report: (from: Instant, to: Instant) => void): () => void {
  let last = instant();
  const timer = setInterval(() => {
    const now = instant();
    if (now - last > WORTH_TELLING_MS) report(last, now);
    last = now;
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
