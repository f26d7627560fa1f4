// The life of one entry, told while it happens: fresh, stale, rescue, expired.
import { setTimeout as delay } from "node:timers/promises";
import { TieredCacheManager } from "freshtier";

const cache = new TieredCacheManager({
  ttl: "400ms", // fresh until 400 ms after it was loaded
  staleWhileRevalidate: "400ms", // then stale for 400 ms
  staleIfError: "1200ms", // and until 1,200 ms after freshness the rescue if a refresh fails
});

let databaseIsUp = true;
let price = 0;
async function readPrice(): Promise<string> {
  await delay(50);
  if (!databaseIsUp) throw new Error("the database is down");
  price += 1;
  return `price no. ${price}`;
}

let told = ""; // the last event says how a caller was served
for (const type of ["hit", "stale", "rescue", "miss"] as const) cache.on(type, () => void (told = type));
cache.on("refreshEnd", () => console.log("            … refreshed"));
cache.on("refreshFail", () => console.log("            … refresh failed"));

const startedAt = performance.now();
async function ask(atMs: number, remark: string): Promise<void> {
  await delay(Math.max(0, startedAt + atMs - performance.now()));
  const askedAt = performance.now();
  const answer = await cache.get("price", () => readPrice()).catch((error: Error) => `Error: ${error.message}`);
  const waited = performance.now() - askedAt > 25 ? "waited" : "at once";
  console.log(`${`${atMs} ms`.padStart(8)}  ${told.padEnd(7)} ${answer}, ${waited}. ${remark}`);
}

await ask(0, "Nothing there yet: the first caller waits for the database.");
await ask(200, "Fresh: from memory.");
await ask(600, "Stale: the old price now, a refresh behind it.");
await ask(800, "Fresh again: what that refresh brought.");
databaseIsUp = false;
console.log("            The database goes down.");
await ask(1250, "Stale: the refresh behind it fails, and no visitor notices.");
await ask(1800, "Rescue: too old to be stale, but better than an error.");
await ask(2500, "Expired: nothing is served past its time, so the caller gets the error.");
await cache.close();
