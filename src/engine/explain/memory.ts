// What memory has of a key.

import { maxAgeIn } from "../../model/call.ts";
import { beliefIn } from "./trust.ts";
import { describeEntry, localEpochs, nothing, usableAt, type Finding, type Scene } from "./scene.ts";
import { epochReasons, timeReason } from "./words.ts";

/** Looks without leaving a trace. */
export function explainMemory(scene: Scene): Finding {
  const { engine, target, at } = scene;
  const { memory } = engine;
  const { settings } = target;
  const skipped = settings.memory.use ? [] : ["this call skips it"];
  const entry = memory.peek(target.id);
  const place = { tier: memory.name, role: "memory" } as const;
  if (entry === undefined) {
    const reasons = [...skipped, "nothing is there: it was never stored, has been dropped or ended, or was pushed out"];
    return nothing({ ...place, presence: "absent", reasons });
  }
  const { usable, state, reasons } = usableAt(entry, at, maxAgeIn(settings, settings.memory));
  const belief = beliefIn(scene, entry);
  const epochs = localEpochs(entry);
  const told = describeEntry(entry, {
    state,
    isTrusted: belief.isTrusted,
    epochs,
    bytes: memory.sizeOf(target.id),
    payload: undefined,
  });
  const why = [...skipped, ...epochReasons(epochs, at), timeReason(entry, state, at), ...reasons, ...belief.reasons];
  return {
    told: { ...place, presence: "present", reasons: why, entry: told, damage: undefined, breaker: undefined },
    usable: settings.memory.use ? usable : undefined,
    isTrusted: belief.isTrusted,
  };
}
