// Encrypted payloads: AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to the entry they were made for.

import type * as Crypto from "node:crypto";
import type { EncryptionSettings } from "../model/encryption-options.ts";
import type { Seal } from "./frame-encode.ts";
import { FRAME_OFFSETS } from "./frame-layout.ts";
import { PayloadDamage } from "./payload-damage.ts";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG_LENGTH = { authTagLength: TAG_BYTES };

/**
 * Encrypts and decrypts payloads: nonce, ciphertext, tag. Besides them it vouches for the full key and for all of the
 * header but the instants, which the authority writes, and the checksum: version, codec, flags, epochs and tags. So a
 * payload that is moved to another entry, or given another envelope, is not what was encrypted.
 */
export class Keyring implements Seal {
  readonly keyId: number;
  readonly extraBytes: number = NONCE_BYTES + TAG_BYTES;
  readonly #settings: EncryptionSettings;
  readonly #crypto: typeof Crypto;

  constructor(settings: EncryptionSettings) {
    this.keyId = settings.writer.id;
    this.#settings = settings;
    this.#crypto = process.getBuiltinModule("node:crypto");
  }

  seal(key: string, frame: Buffer, payloadAt: number, payload: Uint8Array): void {
    const begin = payloadAt + NONCE_BYTES;
    this.#crypto.randomFillSync(frame, payloadAt, NONCE_BYTES);
    const nonce = frame.subarray(payloadAt, begin);
    const cipher = this.#crypto.createCipheriv(ALGORITHM, this.#settings.writer.key, nonce, TAG_LENGTH);
    cipher.setAAD(vouchedFor(key, frame, payloadAt));
    // A stream cipher: as many bytes come out as went in, and none are left for the end.
    frame.set(cipher.update(payload), begin);
    cipher.final();
    frame.set(cipher.getAuthTag(), begin + payload.length);
  }

  /**
   * The payload of a frame as it was before.
   * @throws PayloadDamage
   */
  open(key: string, frame: Buffer, payloadAt: number): Buffer {
    const secret = this.#settings.keys.get(frame.readUInt8(FRAME_OFFSETS.keyId));
    if (secret === undefined) throw new PayloadDamage("unknown-key");
    const begin = payloadAt + NONCE_BYTES;
    const end = frame.length - TAG_BYTES;
    if (end < begin) throw new PayloadDamage("authentication");
    const decipher = this.#crypto.createDecipheriv(ALGORITHM, secret, frame.subarray(payloadAt, begin), TAG_LENGTH);
    decipher.setAAD(vouchedFor(key, frame, payloadAt));
    decipher.setAuthTag(frame.subarray(end));
    const payload = decipher.update(frame.subarray(begin, end));
    try {
      decipher.final();
    } catch {
      throw new PayloadDamage("authentication");
    }
    return payload;
  }
}

/** With the length of the key in front, so that no key and header run into others. */
function vouchedFor(key: string, frame: Buffer, payloadAt: number): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const beginBytes = FRAME_OFFSETS.createdAt;
  const length = 4 + keyBytes + beginBytes + payloadAt - FRAME_OFFSETS.byteLength;
  const all = Buffer.allocUnsafe(length);
  let at = all.writeUInt32BE(keyBytes, 0);
  at += all.write(key, at, "utf8");
  at += frame.copy(all, at, 0, beginBytes);
  frame.copy(all, at, FRAME_OFFSETS.byteLength, payloadAt);
  return all;
}
