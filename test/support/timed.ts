// How long a call takes on a machine that is busy with other things too.

/** What a call came to, and how long it took: without the time in which the machine let this process stand still. */
export async function timed<T>(call: () => Promise<T>): Promise<{ readonly value: T; readonly tookMs: number }> {
  const stop = measureStandstill();
  const begunAt = performance.now();
  const value = await call();
  const endedAt = performance.now();
  return { value, tookMs: endedAt - begunAt - stop() };
}

const TICK_MS = 5;

/** Returns what ends the measuring, and says how many ms the event loop has not turned. */
function measureStandstill(): () => number {
  let standstillMs = 0;
  let turnedAt = performance.now();
  const note = (): void => {
    const now = performance.now();
    standstillMs += Math.max(0, now - turnedAt - 2 * TICK_MS);
    turnedAt = now;
  };
  const ticking = setInterval(note, TICK_MS);
  return () => {
    clearInterval(ticking);
    note();
    return standstillMs;
  };
}

/** Watches the event loop. What it returns ends that, and says for how many ms it has stood still at a time, at most. */
export function watchPauses(): () => number {
  let longestMs = 0;
  let turnedAt = performance.now();
  const note = (): void => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - turnedAt);
    turnedAt = now;
  };
  const turning = setInterval(note, 1).unref();
  let seenMs: number | undefined;
  return () => {
    if (seenMs === undefined) note();
    clearInterval(turning);
    return (seenMs ??= longestMs);
  };
}
