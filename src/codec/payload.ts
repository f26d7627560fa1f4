// Values as payloads of frames and back: codec, compression and encryption put together as the tier's options say.

import type { Codec, CompressionCodec } from "../contracts/codec.ts";
import { badInput, CacheError } from "../errors.ts";
import { CODEC_IDS, isBuiltInId, type PayloadSettings } from "../model/payload-options.ts";
import type * as Compression from "./compression.ts";
import type { Keyring } from "./encryption.ts";
import type { Frame } from "./frame-decode.ts";
import type { Seal } from "./frame-encode.ts";
import { PayloadDamage } from "./payload-damage.ts";
import { fromRaw, rawIdOf, toRaw } from "./raw.ts";
import { abandon } from "./refuse.ts";
import { takeRoom } from "./room.ts";

/** A value as bytes, and whose bytes they are. Encryption comes with the frame, since it vouches for that as well. */
export interface Payload {
  /** That of a codec, or of raw bytes. */
  readonly codecId: number;
  readonly bytes: Uint8Array;
  readonly isCompressed: boolean;
  /** So many bytes before these, in their buffer, are for the frame: for the first that is made of them. */
  room: number;
}

/**
 * Writes payloads as one cache is told to, and reads those of every cache it can. What it needs is loaded when it is
 * needed first: only who uses a tier of bytes pays for that.
 */
export class PayloadCoder {
  /** Whether only what is encrypted counts, or was once: then every frame has to be opened before it is believed. */
  readonly isSealed: boolean;
  readonly settings: PayloadSettings;
  /** Whether neither compression nor encryption is asked for. */
  readonly #isBare: boolean;
  /** Whether there is all that writing needs. */
  #isLoaded = false;
  #loading: Promise<void> | undefined;
  #codec: Codec | undefined;
  #compression: typeof Compression | undefined;
  #keyring: Keyring | undefined;
  /** Codecs of the library's that others write with, once something of theirs was read. */
  readonly #readers = new Map<number, Codec>();

  constructor(settings: PayloadSettings) {
    const { codec, compression, encryption } = settings;
    this.isSealed = encryption !== undefined;
    this.settings = settings;
    this.#isBare = compression === undefined && encryption === undefined;
    if (typeof codec === "object") this.#codec = codec;
  }

  /** Whether a value is made bytes at once. */
  get isReady(): boolean {
    return this.#codec !== undefined;
  }

  /** Loads all that writing needs. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /**
   * A value as bytes: at once if the codec is there, because the caller may change the object as soon as he has his
   * promise. @throws CacheError `unserializable`, or rejects with it
   */
  encode(value: unknown): Payload | Promise<Payload> {
    const codec = this.#codec;
    if (codec === undefined) return owned(this.load().then(() => this.encode(value)));
    const payload = toPayload(codec, value);
    if (this.#isBare) return payload;
    const compressed = this.#isLoaded ? this.#compress(payload) : this.load().then(() => this.#compress(payload));
    return compressed instanceof Promise ? owned(compressed) : compressed;
  }

  /** What encrypts frames, for a payload that `encode` has given; `undefined` when nothing is to. */
  get seal(): Seal | undefined {
    if (this.settings.encryption !== undefined && this.#keyring === undefined)
      throw new CacheError("invalid_argument", "nothing may be stored unencrypted");
    return this.#keyring;
  }

  /**
   * The value of a frame, or a promise of it.
   * @throws anything, or rejects with it, for what cannot be read: `damageOf` tells what to call it
   */
  decode(frame: Frame): unknown {
    const codec = this.#codec;
    const isBare = this.#isBare && !frame.isCompressed && !frame.isEncrypted;
    if (isBare && codec?.id === frame.codecId) return codec.decode(frame.payload);
    return then(this.#opened(frame), (opened) =>
      then(this.#decompressed(frame, opened), (bytes) => this.#valueOf(frame.codecId, bytes)),
    );
  }

  async #load(): Promise<void> {
    const { codec, compression, encryption } = this.settings;
    const [loaded] = await Promise.all([
      typeof codec === "string" ? loadBuiltIn(CODEC_IDS[codec], undefined) : codec,
      compression && this.#loadCompression(),
      encryption && this.#loadKeyring(),
    ]);
    this.#codec = loaded;
    this.#isLoaded = true;
  }

  async #loadCompression(): Promise<typeof Compression> {
    return (this.#compression ??= await import("./compression.ts"));
  }

  async #loadKeyring(): Promise<Keyring | undefined> {
    const { encryption } = this.settings;
    if (encryption === undefined) return undefined;
    const { Keyring: Ring } = await import("./encryption.ts");
    return (this.#keyring ??= new Ring(encryption));
  }

  #compress(payload: Payload): Payload | Promise<Payload> {
    const { compression, maxDecompressedBytes } = this.settings;
    const { codecId, bytes } = payload;
    if (compression === undefined || bytes.length < compression.threshold) return payload;
    // Nobody would read it.
    if (bytes.length > maxDecompressedBytes) return payload;
    return then((this.#compression as typeof Compression).compress(compression, bytes), (compressed) =>
      compressed === undefined ? payload : { codecId, bytes: compressed, isCompressed: true, room: 0 },
    );
  }

  /** The payload as it was before it was encrypted. */
  #opened({ key, isEncrypted, payload, bytes }: Frame): Uint8Array | Promise<Uint8Array> {
    const { encryption } = this.settings;
    if (!isEncrypted) {
      // Anybody who can write to the tier could have written it.
      if (encryption?.allowPlaintext === false) throw new PayloadDamage("unencrypted");
      return payload;
    }
    if (encryption === undefined) throw new PayloadDamage("unknown-key");
    const open = (keyring: Keyring | undefined): Uint8Array =>
      (keyring as Keyring).open(key, bytes, bytes.length - payload.length);
    return this.#keyring === undefined ? this.#loadKeyring().then(open) : open(this.#keyring);
  }

  /** The payload as the codec made it. */
  #decompressed({ isCompressed }: Frame, opened: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (!isCompressed) return opened;
    const { compression, maxDecompressedBytes } = this.settings;
    const own = compression?.algorithm;
    const ownCodec: CompressionCodec | undefined = typeof own === "object" ? own : undefined;
    const decompress = (module: typeof Compression): Uint8Array | Promise<Uint8Array> =>
      module.decompress(opened, ownCodec, maxDecompressedBytes);
    return this.#compression === undefined ? this.#loadCompression().then(decompress) : decompress(this.#compression);
  }

  /** Whoever wrote it: changing the codec costs nobody his entries. */
  #valueOf(codecId: number, bytes: Uint8Array): unknown {
    const raw = fromRaw(codecId, bytes);
    if (raw !== undefined) return raw;
    const codec = this.#codec?.id === codecId ? this.#codec : this.#readers.get(codecId);
    if (codec !== undefined) return codec.decode(bytes);
    const loading = loadBuiltIn(codecId, this.#codec);
    if (loading === undefined) throw new PayloadDamage("unknown-codec");
    return loading.then((reader) => {
      this.#readers.set(codecId, reader);
      return reader.decode(bytes);
    });
  }
}

function toPayload(codec: Codec, value: unknown): Payload {
  // A codec of the user's gets everything: it may do more than turn values into bytes.
  const rawId = isBuiltInId(codec.id) ? rawIdOf(value) : undefined;
  if (rawId !== undefined) return { codecId: rawId, bytes: toRaw(value as Uint8Array), isCompressed: false, room: 0 };
  const bytes = codec.encode(value);
  if (bytes instanceof Uint8Array) return { codecId: codec.id, bytes, isCompressed: false, room: takeRoom(bytes) };
  abandon(bytes);
  throw badInput("unserializable", `what encode of the codec ${codec.name} gives`, "a Uint8Array", bytes);
}

/** @param taught knows the classes that the codec has to know */
function loadBuiltIn(id: number, taught: Codec | undefined): Promise<Codec> | undefined {
  switch (id) {
    case CODEC_IDS.msgpack:
      return import("./msgpack.ts").then(({ msgpackCodecLike }) => msgpackCodecLike(taught));
    case CODEC_IDS.json:
      return import("./json.ts").then(({ jsonCodecLike }) => jsonCodecLike(taught));
    case CODEC_IDS.v8:
      return import("./v8.ts").then(({ v8CodecLike }) => v8CodecLike(taught));
    default:
      return undefined;
  }
}

/** Goes on with a value, at once where it is there. */
function then<A, B>(value: A | Promise<A>, proceed: (value: A) => B | Promise<B>): B | Promise<B> {
  return value instanceof Promise ? value.then(proceed) : proceed(value);
}

/** A promise that somebody will look at, but perhaps only after it has been rejected. */
function owned<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
