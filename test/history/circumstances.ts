// What excuses processes: faults that reach them, their pauses, their end.

import type { FaultBegan, FaultEffect, FaultEnded, Instant, Pause } from "./entries.ts";
import type { Limits } from "./limits.ts";

/** A stretch of time in which not everything can be expected of a process. */
export interface Window {
  readonly name: string;
  readonly effect: FaultEffect;
  readonly from: Instant;
  /** `Infinity` while it lasts. */
  to: Instant;
  readonly recoveryMs: number;
  readonly extraMs: number;
}

/** What has excused whom and when. Forgets what lies far back. */
export class Circumstances {
  readonly #limits: Limits;
  readonly #faults = new Map<number, Window>();
  /** By process; `""` for all of them. */
  readonly #windows = new Map<string, Window[]>();
  readonly #pauses = new Map<string, Pause[]>();
  readonly #ends = new Map<string, Instant>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  faultBegan({ id, name, effect, process, from, recoveryMs, extraMs }: FaultBegan): void {
    const window = { name, effect, from, to: Infinity, recoveryMs, extraMs };
    this.#faults.set(id, window);
    push(this.#windows, process ?? "", window);
  }

  faultEnded({ id, at }: FaultEnded): void {
    const window = this.#faults.get(id);
    if (window !== undefined) window.to = at;
    this.#faults.delete(id);
  }

  paused(pause: Pause): void {
    const { process, from, to } = pause;
    push(this.#pauses, process ?? "", pause);
    if (to - from < this.#limits.longPauseMs) return;
    const recoveryMs = this.#limits.pauseRecoveryMs;
    push(this.#windows, process ?? "", { name: "a pause", effect: "cut", from, to, recoveryMs, extraMs: 0 });
  }

  ended(process: string, at: Instant): void {
    this.#ends.set(process, at);
  }

  /** When a process ended; `Infinity` while it lives. */
  endOf(process: string): Instant {
    return this.#ends.get(process) ?? Infinity;
  }

  /** What excuses a process, the earliest first. */
  windowsOf(process: string): readonly Window[] {
    const own = this.#windows.get(process) ?? [];
    const common = this.#windows.get("") ?? [];
    return [...own, ...common].sort((one, other) => one.from - other.from);
  }

  /** Whether all can be expected of a process: it is not cut off, and has not been a moment ago. */
  isCalm(process: string, at: Instant): boolean {
    return this.windowsOf(process).every(
      ({ effect, from, to, recoveryMs }) =>
        !["bus", "slow", "lock"].includes(effect) || at < from || at > to + recoveryMs,
    );
  }

  /** The longest pause of a process, or of the coordinator, that touches this stretch of time. */
  longestPause(process: string, from: Instant, to: Instant): number {
    return Math.max(longest(this.#pauses.get(process), from, to), longest(this.#pauses.get(""), from, to));
  }

  /** Forgets what was over before this. */
  forgetBefore(instant: Instant): void {
    for (const [process, pauses] of this.#pauses) this.#pauses.set(process, since(pauses, instant));
    for (const [process, windows] of this.#windows) this.#windows.set(process, since(windows, instant));
  }
}

function since<T extends { readonly to: Instant }>(all: readonly T[], instant: Instant): T[] {
  return all.filter(({ to }) => to >= instant);
}

function longest(pauses: readonly Pause[] = [], from: Instant, to: Instant): number {
  let most = 0;
  for (const pause of pauses) if (pause.from <= to && pause.to >= from) most = Math.max(most, pause.to - pause.from);
  return most;
}

function push<T>(map: Map<string, T[]>, name: string, item: T): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [item]);
  else list.push(item);
}
