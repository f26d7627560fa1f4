// Starts two servers, one of which it kills, tells what there is, and ends as it is told: by itself, or never.

import { startRedis } from "../support/redis/server.ts";

const { pid, directory } = await startRedis();
const dead = await startRedis();
await dead.kill9();
process.stdout.write(`${pid} ${directory} ${dead.directory}\n`);
// Without work left the process ends, server or not.
if (process.argv[2] === "never") setInterval(() => undefined, 60_000);
