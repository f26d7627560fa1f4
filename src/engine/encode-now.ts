// Values as bytes, as they are at this moment: who has brought one, or has been given it, may change it the next.

import type { Payload, PayloadCoder } from "../codec/payload.ts";
import { cloneValue } from "../memory/isolation.ts";

/** Until the codec is there a copy waits for it. @throws CacheError `unserializable`, or rejects with it */
export function encodeNow(payloads: PayloadCoder, value: unknown): Payload | Promise<Payload> {
  return payloads.encode(payloads.isReady ? value : copyOf(value));
}

function copyOf(value: unknown): unknown {
  try {
    return cloneValue(value);
  } catch {
    // Nothing that bytes can carry: the codec will say so.
    return value;
  }
}
