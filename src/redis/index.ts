// The entry point `freshtier/redis`.

export {
  redisTier,
  type RedisAddress,
  type RedisConnectOptions,
  type RedisSentinelOptions,
  type RedisTierConfig,
  type RedisTierOptions,
} from "./options.ts";
export type { RedisClientLike } from "./connection.ts";
