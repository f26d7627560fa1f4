// How the value of a frame became bytes, in words: for who looks at it.

import { CODEC_IDS, type PayloadSettings } from "../model/payload-options.ts";
import type { PayloadExplanation } from "../model/explanation.ts";
import { Keyring } from "./encryption.ts";
import type { Frame } from "./frame-decode.ts";
import { COMPRESSION_IDS, FRAME_OFFSETS, RAW_IDS } from "./frame-layout.ts";

/** What a frame says of its payload. Never throws. */
export function describePayload(settings: PayloadSettings, frame: Frame): PayloadExplanation {
  const { codecId, isEncrypted, bytes } = frame;
  return {
    codec: { id: codecId, name: codecName(settings, codecId) },
    compression: compressionOf(settings, frame),
    encryptionKey: isEncrypted ? bytes[FRAME_OFFSETS.keyId] : undefined,
  };
}

function codecName({ codec }: PayloadSettings, id: number): string {
  if (typeof codec === "object" && codec.id === id) return codec.name;
  return nameIn({ ...CODEC_IDS, ...RAW_IDS }, id) ?? `codec ${id}`;
}

function compressionOf({ compression, encryption }: PayloadSettings, frame: Frame): string | undefined {
  const { key, isCompressed, isEncrypted, payload, bytes } = frame;
  if (!isCompressed) return undefined;
  let id: number | undefined = payload[0];
  try {
    if (isEncrypted) {
      id = encryption && new Keyring(encryption).open(key, bytes, bytes.length - payload.length)[0];
    }
  } catch {
    id = undefined;
  }
  if (id === undefined) return "unknown";
  const own = compression?.algorithm;
  if (typeof own === "object" && own.id === id) return own.name;
  return nameIn(COMPRESSION_IDS, id) ?? `compression ${id}`;
}

function nameIn(ids: Readonly<Record<string, number>>, id: number): string | undefined {
  return Object.entries(ids).find(([, known]) => known === id)?.[0];
}
