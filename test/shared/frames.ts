// Frames as they lie in the shared tier: read, aged and damaged behind the back of the caches.

import { readInstants, writeInstants, type Instants } from "../../src/codec/frame-layout.ts";
import { fullKey, keyRoot } from "../../src/model/key.ts";
import { timed } from "../support/timed.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Raw } from "./raw.ts";

/** Where Redis has an entry. */
export function keyOf(name: string, key: string, namespace?: string): string {
  return fullKey(keyRoot(name, undefined), namespace, key);
}

/** The bytes of an entry, which must be there. */
export async function frameAt(raw: Raw, at: string): Promise<Buffer> {
  const bytes = await raw.getBuffer(at);
  if (bytes === null) throw new Error(`Redis has nothing at ${at}`);
  return bytes;
}

/** The instants of an entry, by the server's clock. */
export async function instantsAt(raw: Raw, at: string): Promise<Instants> {
  const instants = readInstants(await frameAt(raw, at));
  if (instants === undefined) throw new Error(`what Redis has at ${at} is no frame`);
  return instants;
}

/** When the holder of a lease looks after it: a third of its time has passed. */
const LOOK_MS = 333;

/** Waits until the lease of an entry was given back; not as long as until its holder would next look after it. */
export async function leaseEnds(raw: Raw, at: string): Promise<void> {
  const lease = at.replace(":v:", ":l:");
  const isBack = async (): Promise<boolean> => (await raw.exists(lease)) === 0;
  const { tookMs } = await timed(() => waitUntil(isBack, { what: "the lease was given back" }));
  if (tookMs >= LOOK_MS) throw new Error(`the lease was given back after ${tookMs} ms`);
}

/** Makes an entry older, as time would: copies in memory stay as they are. */
export async function age(raw: Raw, at: string, ms: number): Promise<void> {
  const bytes = await frameAt(raw, at);
  const { createdAt, freshUntil, staleUntil, errorUntil } = await instantsAt(raw, at);
  writeInstants(bytes, {
    createdAt: createdAt - ms,
    freshUntil: freshUntil - ms,
    staleUntil: staleUntil - ms,
    errorUntil: errorUntil - ms,
  });
  await raw.set(at, bytes, "KEEPTTL");
}
