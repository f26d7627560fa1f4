// Whether the value of a whole frame can be read and used, as a read would find out.

import { describePayload } from "../../codec/describe.ts";
import type { Frame } from "../../codec/frame-decode.ts";
import { damageOf } from "../../codec/payload-damage.ts";
import type { PayloadCoder } from "../../codec/payload.ts";
import type { FrameDamage } from "../../model/event.ts";
import type { PayloadExplanation } from "../../model/explanation.ts";
import type { Engine, Target } from "../engine.ts";
import { DAMAGE } from "./words.ts";

/** A frame's value, looked at. */
export interface LookedAt {
  readonly payload: PayloadExplanation;
  readonly damage: FrameDamage | undefined;
  /** What `validate` says against it. */
  readonly refusal: string | undefined;
}

/** Why a value is of no use, in words; none where it is. */
export function faultsOf({ damage, refusal }: LookedAt): string[] {
  const faults = damage === undefined ? [] : [`damaged: ${DAMAGE[damage]}`];
  return refusal === undefined ? faults : [...faults, `validate refuses its value: ${refusal}`];
}

/** Reads the value of a frame, unless memory has it of the same version, where a read would not do so either. */
export async function lookAtValue(
  { memory, settings: { validate } }: Engine,
  { id }: Target,
  payloads: PayloadCoder,
  frame: Frame,
): Promise<LookedAt> {
  const payload = describePayload(payloads.settings, frame);
  const isSame = memory.peek(id)?.version === frame.envelope.version && !payloads.isSealed;
  if (isSame) return { payload, damage: undefined, refusal: undefined };
  let value: unknown;
  try {
    value = await payloads.decode(frame);
  } catch (error) {
    return { payload, damage: damageOf(error), refusal: undefined };
  }
  if (value === undefined) return { payload, damage: "payload", refusal: undefined };
  return { payload, damage: undefined, refusal: await validate?.(value) };
}
