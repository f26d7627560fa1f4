// Puts the parts of the Redis tier together.

import type { RemoteTier, RemoteTierContext } from "../contracts/remote.ts";
import { RedisAuthority } from "./authority.ts";
import { RedisBus } from "./bus.ts";
import { RedisClient } from "./client.ts";
import { redisKeys } from "./keys.ts";
import { Publisher } from "./publisher.ts";
import type { RedisSettings } from "./settings.ts";
import { RedisTier } from "./tier.ts";

/** Opens the tier for one cache; connecting goes on in the background. */
export function openRedis(settings: RedisSettings, { root, layout, clock }: RemoteTierContext): RemoteTier {
  const { target, keyPrefix, divergenceLimitMs } = settings;
  const clientPrefix = target.kind === "client" ? (target.client.options.keyPrefix ?? "") : "";
  const client = new RedisClient(settings, clock);
  const keys = redisKeys(root, keyPrefix, clientPrefix);
  const publisher = new Publisher(clock, (text) => client.run((connection) => connection.publish(keys.channel, text)));
  const parts = { client, keys, clock, ownId: publisher.id, divergenceLimitMs };
  const bus = settings.bus ? new RedisBus(parts) : undefined;
  const close = async (): Promise<void> => {
    publisher.close();
    await bus?.close();
    await client.close();
  };
  return {
    tier: new RedisTier(settings.name, client, keys),
    authority: new RedisAuthority({ client, keys, publisher, layout }),
    bus,
    close,
  };
}
