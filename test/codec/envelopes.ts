// Envelopes for the tests of frames, fixed and arbitrary.

import fc from "fast-check";
import type { Envelope } from "../../src/codec/frame-layout.ts";

/** An envelope that says nothing unusual, with what a test is about in place of its own. */
export function envelopeWith(changes: Partial<Envelope> = {}): Envelope {
  return {
    createdAt: 1_764_547_200_000,
    freshUntil: 1_764_547_500_000,
    staleUntil: 1_764_547_560_000,
    errorUntil: 1_764_551_100_000,
    version: "00112233445566ff",
    loadMs: 42,
    negative: false,
    rootEpoch: { hard: "1764547100000-a1b2", soft: "0" },
    namespaceEpoch: { hard: "1764547100001-c3d4", soft: "1764547150000-e5f6" },
    tags: [],
    ...changes,
  };
}

const texts = fc.string({ unit: "binary", maxLength: 12 });
const epochs = fc.record({ hard: texts, soft: texts });
const spans = fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true }), fc.constant(Infinity));
const hexDigits = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 16, maxLength: 16 });

/** Any envelope that an entry can have. */
export const envelopes: fc.Arbitrary<Envelope> = fc
  .tuple(fc.nat({ max: 8.64e15 }), spans, spans, spans)
  .map(([createdAt, freshMs, staleMs, errorMs]) => {
    const freshUntil = createdAt + freshMs;
    const staleUntil = freshUntil + staleMs;
    return { createdAt, freshUntil, staleUntil, errorUntil: staleUntil + errorMs };
  })
  .chain((instants) =>
    fc.record({
      createdAt: fc.constant(instants.createdAt),
      freshUntil: fc.constant(instants.freshUntil),
      staleUntil: fc.constant(instants.staleUntil),
      errorUntil: fc.constant(instants.errorUntil),
      version: hexDigits,
      loadMs: fc.nat({ max: 0xffff_ffff }),
      negative: fc.boolean(),
      rootEpoch: epochs,
      namespaceEpoch: epochs,
      tags: fc.array(fc.record({ name: texts, hard: texts, soft: texts }), { maxLength: 5 }),
    }),
  );
