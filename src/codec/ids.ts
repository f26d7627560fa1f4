// Numbers that stand in payloads and frames for what made them. They never change.

/** Ids of the codecs that come with the library. */
export const CODEC_IDS = {
  msgpack: 1,
  json: 2,
  v8: 3,
} as const;

/** In place of a codec's: the payload is nothing but the bytes of the value. */
export const RAW_IDS = {
  buffer: 4,
  uint8Array: 5,
} as const;

/** Ids of the compression that needs only be named. */
export const COMPRESSION_IDS = {
  brotli: 1,
  gzip: 2,
  deflate: 3,
  zstd: 4,
} as const;
