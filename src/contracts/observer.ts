// The seam to whoever watches: the engine tells an Observer what it did.

import type { CacheEvent, CacheEventType } from "../model/event.ts";

/** Receives events. The engine asks first, so that an event nobody wants is never built. */
export interface Observer {
  /** Whether anybody listens to events of this type now. */
  wants(type: CacheEventType): boolean;
  /** Delivers an event; never throws, whatever listeners do. */
  notify(event: CacheEvent): void;
}
