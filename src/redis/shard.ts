// Which server of a cluster holds a key.

import { isCluster, type RedisEndpoint } from "./connection.ts";

const SLOTS = 16_384;

/**
 * The primary of a key as `host:port`, as far as the cluster is known yet. `undefined` without a cluster.
 * @param key as the server sees it, with everything that is put in front
 */
export function shardOf(connection: RedisEndpoint | undefined, key: string): string | undefined {
  if (connection === undefined || !isCluster(connection)) return undefined;
  return connection.slots?.[slotOf(key)]?.[0];
}

/** The slot of a key: of the text in its first pair of braces if there is any, else of all of it (cluster specification). */
export function slotOf(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open);
  return crc16(Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key)) % SLOTS;
}

/**
 * CRC-16/XMODEM: polynomial 0x1021, starting from 0, nothing reflected (cluster specification, appendix A). A byte at a
 * time and without a table: the polynomial has few terms, so what a byte changes is a handful of shifts.
 */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (let index = 0; index < bytes.length; index++) {
    let mix = (crc >> 8) ^ (bytes[index] as number);
    mix ^= mix >> 4;
    crc = ((crc << 8) ^ (mix << 12) ^ (mix << 5) ^ mix) & 0xffff;
  }
  return crc;
}
