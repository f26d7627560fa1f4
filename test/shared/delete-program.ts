// A process of its own that deletes a key and ends once that is done: `delete-program.ts <host> <port> <name> <key>`.

import { TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";

const [host, port, name, key] = process.argv.slice(2) as [string, string, string, string];
const tiers = [redisTier({ host, port: Number(port), timeout: 5_000 })];
const cache = new TieredCacheManager({ name, tiers });
const { authority } = await cache.delete(key);
await cache.close();
process.stdout.write(authority);
