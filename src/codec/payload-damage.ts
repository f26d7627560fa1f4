// Why the payload of a whole frame cannot be read.

import type { FrameDamage } from "../model/event.ts";

/** What reading a payload throws, or rejects with, where there is more to say than that it failed. */
export class PayloadDamage extends Error {
  readonly reason: FrameDamage;

  constructor(reason: FrameDamage) {
    super(reason);
    this.reason = reason;
  }
}

/** What anything that reading a payload threw says about it. */
export function damageOf(error: unknown): FrameDamage {
  return error instanceof PayloadDamage ? error.reason : "payload";
}
