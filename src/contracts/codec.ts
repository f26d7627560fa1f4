// The seams between live values and bytes: codecs, the classes that a codec can be taught, and compression.

/** Turns values into bytes and back. What it cannot carry unchanged it refuses. */
export interface Codec {
  /** Names the codec in every frame: 64 to 255. Those below are the library's own. */
  readonly id: number;
  readonly name: string;
  /**
   * The bytes of a value. They are the cache's from then on: not to be written to again.
   * @throws CacheError `unserializable`, naming the path of what cannot be carried
   */
  encode(value: unknown): Uint8Array;
  /**
   * The value that was encoded, on memory of its own: the bytes may be a part of something larger.
   * @throws anything for bytes that `encode` did not make
   */
  decode(bytes: Uint8Array): unknown;
}

/** A class whose instances a codec is taught to carry. */
export type ExtensionClass<T extends object> = abstract new (...parameters: never[]) => T;

/** How instances of a class become data and come back. */
export interface Extension<T extends object, D> {
  /** What names the class in stored values, so it must outlive renaming and minifying. Default: the name of the class. */
  readonly name?: string | undefined;
  /** What the instance is made of: anything that the codec carries, instances of taught classes among it. */
  encode(instance: T): D;
  /** An instance of the class, made of what `encode` gave. */
  decode(data: D): T;
}

/** A codec of the library's own, which can be taught classes. */
export interface ExtensibleCodec extends Codec {
  /**
   * The same codec, knowing one class more. Instances of subclasses remain refused. Whoever reads has to know the class
   * by the same name: to others the value is a miss.
   * @throws CacheError `invalid_option`: the class or its name is taken, the codec carries it anyway, or the name was
   * derived and has one or two letters, as minifiers make them
   */
  extend<T extends object, D>(type: ExtensionClass<T>, extension: Extension<T, D>): ExtensibleCodec;
}

/** Makes payloads smaller. */
export interface CompressionCodec {
  /** Names it beside every payload that it made smaller: 64 to 255. Those below are the library's own. */
  readonly id: number;
  readonly name: string;
  /** Where it throws or rejects, the payload is stored as it is. */
  compress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /**
   * Gives back what was compressed.
   * @param length how many bytes that has to be: never more than `maxDecompressedBytes`. Stop there, whatever the bytes say
   * @throws anything, or rejects, for bytes that `compress` did not make
   */
  decompress(bytes: Uint8Array, length: number): Uint8Array | Promise<Uint8Array>;
}
