// Events on `diagnostics_channel`: for tools that watch every cache of a process without being handed one.

import { channel, type Channel } from "node:diagnostics_channel";
import type { CacheEvent, CacheEventType } from "../model/event.ts";
import { EVENT_TYPES } from "./event-types.ts";

/** What a subscriber of the channel `freshtier:{type}` gets: the event, and which cache it is of. */
export type CacheEventMessage = CacheEvent & {
  /** The name of the cache. */
  readonly cache: string;
};

/** One channel for each type of event, `freshtier:hit` and so on, shared by all caches of the process. */
const CHANNELS = Object.fromEntries(EVENT_TYPES.map((type) => [type, channel(`freshtier:${type}`)])) as Readonly<
  Record<CacheEventType, Channel>
>;

/** That of hits is asked on every one of them. */
const HITS: Channel = CHANNELS.hit;

/** Whether anybody has subscribed to the channel of a type. */
export function isSubscribed(type: CacheEventType): boolean {
  return type === "hit" ? HITS.hasSubscribers : CHANNELS[type].hasSubscribers;
}

/** Tells the subscribers. What one throws, Node.js makes an uncaught exception of: that is not for the cache to hide. */
export function publish(cache: string, event: CacheEvent): void {
  const to = CHANNELS[event.type];
  if (to.hasSubscribers) to.publish({ ...event, cache });
}
