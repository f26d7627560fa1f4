// Tells a tracer of values given out at once, if it wants to know: as a listener, so that nobody else pays for it.

import type { Tracer } from "../contracts/tracer.ts";
import type { Listeners } from "./events.ts";

export function listenServed(listeners: Listeners, tracer: Tracer): void {
  if (tracer.served === undefined) return;
  for (const type of ["hit", "stale", "rescue"] as const) listeners.add(type, (event) => tracer.served?.(event));
}
