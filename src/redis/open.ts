// Puts the parts of the Redis tier together.

import type { EpochName } from "../contracts/authority.ts";
import type { RemoteTier, RemoteTierContext } from "../contracts/remote.ts";
import { RedisAuthority } from "./authority.ts";
import { RedisBus } from "./bus.ts";
import { RedisClient } from "./client.ts";
import { redisKeys } from "./keys.ts";
import { Publisher } from "./publisher.ts";
import { shardOf } from "./shard.ts";
import type { RedisShare } from "./share.ts";
import { RedisTier } from "./tier.ts";

/** Opens the tier for one cache; connecting goes on in the background. */
export function openRedis(share: RedisShare, context: RemoteTierContext): RemoteTier {
  const { root, layout, clock } = context;
  const { target, name, keyPrefix, divergenceLimitMs, tracking, bus: wantsBus } = share.settings;
  const part = share.join(clock);
  const { link, subscriber } = part;
  const client = new RedisClient(link, clock);
  client.onReconnect((reason) => context.onReconnect(reason));
  const keys = redisKeys(root, keyPrefix, target.kind === "client" ? (target.client.options.keyPrefix ?? "") : "");
  const publisher = new Publisher(clock, (text) => client.run((connection) => connection.publish(keys.channel, text)));
  const parts = { client, subscriber, keys, clock, ownId: publisher.id, divergenceLimitMs, tracking };
  const bus = wantsBus ? new RedisBus(parts) : undefined;
  const close = async (): Promise<void> => {
    publisher.close();
    await bus?.close();
    client.close();
    await part.leave();
  };
  return {
    tier: new RedisTier(name, client, keys, close),
    authority: new RedisAuthority({ client, keys, publisher, layout }),
    bus,
    shardOf: (what: string | EpochName) => {
      if (!client.isCluster) return name;
      const key = typeof what === "string" ? keys.entry(what) : keys.epoch(what);
      return shardOf(link.connection, keys.onServer(key)) ?? name;
    },
    problem: () => (link.ready === undefined ? link.lastError : undefined),
    close,
  };
}
