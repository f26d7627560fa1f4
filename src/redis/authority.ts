// The authority on Redis: every decision is a script, taken where the data is and by one clock.

import { randomBytes } from "node:crypto";
import type {
  Acquired,
  Authority,
  DatedEpoch,
  EpochName,
  Inspected,
  ReadReply,
  SharedEpoch,
  Written,
} from "../contracts/authority.ts";
import type { FrameLayout } from "../contracts/frame.ts";
import { asBuffer } from "../model/bytes.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";
import type { RedisClient } from "./client.ts";
import type { ScriptArgument } from "./connection.ts";
import { ANNOUNCE, BUMP, EPOCH, NOW } from "./epoch-scripts.ts";
import type { RedisKeys } from "./keys.ts";
import { ACQUIRE, INSPECT, RELEASE, RENEW } from "./lease-scripts.ts";
import { Lineage } from "./lineage.ts";
import { epochBody, keyBody, matchingBody } from "./message.ts";
import type { Publisher } from "./publisher.ts";
import { replyCode } from "./reply-error.ts";
import { scanAll } from "./scan.ts";
import { runScript, timesForgotten, toArgument, type Script, type ScriptUse } from "./script.ts";
import { DISCARD, FILL, MARK_STALE, REMOVE, SET } from "./write-scripts.ts";

/** What the authority works with. */
export interface RedisAuthorityParts {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly publisher: Publisher;
  readonly layout: FrameLayout;
}

/**
 * Leases, fills and epochs in Redis. Deadlines and instants go by the clock of the server that holds the key; those of
 * a cluster's nodes have to agree about as well as NTP makes them.
 */
export class RedisAuthority implements Authority {
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #publisher: Publisher;
  readonly #layout: FrameLayout;
  /** How scripts tell a frame from other bytes. */
  readonly #magic: ScriptArgument;
  readonly #headerBytes: string;
  readonly #instantsOffset: string;
  /** First and last place of the version. */
  readonly #versionRange: readonly [string, string];
  /** Sets under way that nothing has been sent after for their key: only these may be done late. */
  readonly #setting = new Map<string, symbol>();

  constructor({ client, keys, publisher, layout }: RedisAuthorityParts) {
    this.#client = client;
    this.#keys = keys;
    this.#publisher = publisher;
    this.#layout = layout;
    this.#magic = asText(layout.magic) ?? layout.magic;
    this.#headerBytes = String(layout.headerBytes);
    this.#instantsOffset = String(layout.instantsOffset);
    this.#versionRange = [String(layout.versionOffset), String(layout.versionOffset + VERSION_BYTES - 1)];
  }

  async now(): Promise<Instant> {
    return Number(await this.#run(NOW, [this.#keys.epoch({ kind: "root" })])) / 1_000;
  }

  read(fullKey: string, unknown: readonly EpochName[]): Promise<ReadReply> {
    const reading = this.#readFrame(this.#keys.entry(fullKey));
    // The hot read: one GET and nothing else.
    if (unknown.length === 0) return reading;
    return Promise.all([reading, this.epochs(unknown)]).then(([{ frame }, epochs]) => ({ frame, epochs }));
  }

  epochs(names: readonly EpochName[]): Promise<readonly (SharedEpoch & { readonly since: Instant })[]> {
    return Promise.all(
      names.map(async (name) => parseEpoch(await this.#run(EPOCH, [this.#keys.epoch(name), randomText()]))),
    );
  }

  async acquire(
    fullKey: string,
    token: string,
    knownVersion: string | undefined,
    leaseMs: Milliseconds,
  ): Promise<Acquired> {
    const reply = await this.#run(ACQUIRE, [
      this.#keys.entry(fullKey),
      this.#keys.lease(fullKey),
      token,
      wholeMs(leaseMs),
      knownVersion === undefined ? "" : Buffer.from(knownVersion, "hex"),
      ...this.#versionRange,
      this.#magic,
      this.#headerBytes,
    ]);
    const [kind, detail] = reply as [Uint8Array, (Uint8Array | number)?];
    const word = text(kind);
    if (word === "granted") return { kind: word };
    if (typeof detail === "number") return { kind: "held", remainingMs: detail };
    return { kind: "changed", frame: detail };
  }

  async renew(fullKey: string, token: string, leaseMs: Milliseconds): Promise<boolean> {
    const [outcome] = (await this.#run(RENEW, [this.#keys.lease(fullKey), token, wholeMs(leaseMs)])) as [Uint8Array];
    return text(outcome) === "renewed";
  }

  async release(fullKey: string, token: string): Promise<void> {
    await this.#run(RELEASE, [this.#keys.lease(fullKey), token]);
  }

  /** Walks the whole database with SCAN, on every primary one after the other: for maintenance, not for requests. */
  async *leases(prefix: string): AsyncGenerator<string> {
    const pattern = this.#keys.leasePattern(prefix);
    if (pattern === undefined) return;
    for await (const found of scanAll(this.#client, pattern)) yield this.#keys.leasedKeyOf(found);
  }

  async fill(fullKey: string, token: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written> {
    const body = keyBody("f", fullKey, this.#versionOf(frame));
    const rest = [body, ...this.#storeArguments(frame, spans), token];
    return written(await this.#publish(FILL, this.#entryKeys(fullKey), deadline, rest));
  }

  async set(fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written> {
    const body = keyBody("k", fullKey, this.#versionOf(frame));
    const rest = [body, ...this.#storeArguments(frame, spans), keyBody("k", fullKey)];
    const mark = Symbol(fullKey);
    this.#setting.set(fullKey, mark);
    const isStillMeant = (): boolean => this.#setting.get(fullKey) === mark;
    try {
      return written(await this.#publish(SET, this.#entryKeys(fullKey), deadline, rest, isStillMeant));
    } finally {
      if (isStillMeant()) this.#setting.delete(fullKey);
    }
  }

  async remove(fullKey: string, deadline: Instant): Promise<{ readonly existed: boolean | undefined }> {
    this.#setting.delete(fullKey);
    const rest = [keyBody("k", fullKey)];
    const [outcome, existed] = await this.#publish(REMOVE, this.#entryKeys(fullKey), deadline, rest);
    return { existed: outcome === "late" ? undefined : existed === 1 };
  }

  async discard(fullKey: string, token: string, deadline: Instant): Promise<"done" | "fenced" | "late"> {
    const [outcome] = await this.#publish(DISCARD, this.#entryKeys(fullKey), deadline, [keyBody("k", fullKey), token]);
    return outcome as "done" | "fenced" | "late";
  }

  async markStale(fullKey: string, deadline: Instant): Promise<boolean> {
    this.#setting.delete(fullKey);
    const rest = [keyBody("k", fullKey), this.#magic, this.#headerBytes, this.#instantsOffset];
    const [outcome] = await this.#publish(MARK_STALE, this.#entryKeys(fullKey), deadline, rest);
    return outcome === "done";
  }

  async identity(): Promise<string | undefined> {
    const nodes = await this.#client.primaries();
    const identities = await Promise.all(nodes.map((node) => this.#client.runOn(node, (one) => Lineage.identify(one))));
    const known = identities.filter((identity) => identity !== undefined);
    return known.length < nodes.length ? undefined : known.sort((a, b) => (a < b ? -1 : 1)).join();
  }

  async announce(namespace: string | undefined, pattern: string, deadline: Instant): Promise<boolean> {
    const root = this.#keys.epoch({ kind: "root" });
    const [outcome] = await this.#publish(ANNOUNCE, [root], deadline, [matchingBody(namespace, pattern)]);
    return outcome === "done";
  }

  async bump(name: EpochName, soft: boolean, deadline: Instant): Promise<boolean> {
    const rest = [randomText(), soft ? "soft" : "hard", epochBody(name, soft)];
    const [outcome] = await this.#publish(BUMP, [this.#keys.epoch(name)], deadline, rest);
    return outcome === "done";
  }

  async inspect(fullKey: string): Promise<Inspected> {
    const reply = await this.#run(INSPECT, this.#entryKeys(fullKey));
    const [frame, token, remainingMs, micros] = reply as [Uint8Array | null, Uint8Array | null, number, Uint8Array];
    const lease = token === null ? undefined : { token: text(token), remainingMs: Math.max(0, remainingMs) };
    return { now: Number(text(micros)) / 1_000, frame: frame ?? undefined, lease };
  }

  inspectEpochs(names: readonly EpochName[]): Promise<readonly (DatedEpoch | undefined)[]> {
    return this.#client.run((connection) =>
      Promise.all(
        names.map(async (name) => {
          const found = await connection.getBuffer(this.#keys.epoch(name));
          return found !== null && EPOCH_PATTERN.test(text(found)) ? parseEpoch(found) : undefined;
        }),
      ),
    );
  }

  #entryKeys(fullKey: string): string[] {
    return [this.#keys.entry(fullKey), this.#keys.lease(fullKey)];
  }

  #storeArguments(frame: Uint8Array, { freshMs, staleMs, errorMs }: Spans): ScriptArgument[] {
    // Redis refuses what lies too far ahead: that is for ever.
    const lifeMs = errorMs < 1e14 ? wholeMs(errorMs) : "";
    const spans = [freshMs, staleMs, errorMs].map(toArgument);
    return [asBuffer(frame), this.#instantsOffset, ...spans, lifeMs];
  }

  #versionOf(frame: Uint8Array): string {
    const { versionOffset } = this.#layout;
    return asBuffer(frame).toString("hex", versionOffset, versionOffset + VERSION_BYTES);
  }

  #readFrame(key: string): Promise<ReadReply> {
    const before = timesForgotten();
    return this.#client.read(
      (connection) => connection.getBuffer(key),
      (frame) => (timesForgotten() === before ? { frame: frame ?? undefined, epochs: NONE } : this.#readFrame(key)),
    );
  }

  /** A script that may be run twice. */
  #run(script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#client.run(async (connection, generation) => {
      const use = { isCurrent: () => this.#client.isCurrent(generation) };
      const before = timesForgotten();
      const reply = await runScript(connection, generation, use, script, args);
      return timesForgotten() === before || !use.isCurrent()
        ? reply
        : runScript(connection, generation, use, script, args);
    });
  }

  /** Runs a script that tells the bus. Its message is numbered when it is sent, so that numbers are in order. */
  async #publish(
    script: Script,
    keys: readonly string[],
    deadline: Instant,
    rest: readonly ScriptArgument[],
    isStillMeant?: ScriptUse["isStillMeant"],
  ): Promise<readonly (string | number)[]> {
    const reply = await this.#client.run(async (connection, generation) => {
      const use = { isCurrent: () => this.#client.isCurrent(generation), isStillMeant };
      const number = this.#publisher.next();
      const common = [this.#keys.channel, this.#publisher.head(number), toArgument(deadline)];
      try {
        return await runScript(connection, generation, use, script, [...keys, ...common, ...rest]);
      } catch (error) {
        // Redis refused it: there is no message, and never will be. Of other failures nobody knows.
        if (replyCode(error) !== undefined) this.#publisher.skip(number);
        throw error;
      }
    });
    return (reply as (Uint8Array | number)[]).map((part) => (typeof part === "number" ? part : text(part)));
  }
}

const VERSION_BYTES = 8;
const NONE: readonly SharedEpoch[] = [];

function written([outcome, createdAt]: readonly (string | number)[]): Written {
  if (outcome === "stored") return { kind: "stored", createdAt: createdAt as Instant };
  return { kind: outcome === "fenced" ? "fenced" : "late" };
}

/** As the scripts know it. */
const EPOCH_PATTERN = /^\d+-\w+ \d+-\w+$/;

/** Written `<micros>-<random> <micros>-<random>`, as the scripts do. */
function parseEpoch(reply: unknown): DatedEpoch {
  const [hard, soft] = text(reply as Uint8Array).split(" ") as [string, string];
  return { hard, soft, since: Math.max(Number.parseInt(hard, 10), Number.parseInt(soft, 10)) / 1_000 };
}

function text(bytes: Uint8Array): string {
  return asBuffer(bytes).toString();
}

/** Bytes as a text that is sent as these bytes; `undefined` when there is none. */
function asText(bytes: Uint8Array): string | undefined {
  return bytes.every((byte) => byte < 0x80) ? asBuffer(bytes).toString("latin1") : undefined;
}

/** Redis takes whole milliseconds, and at least one. */
function wholeMs(ms: Milliseconds): string {
  return String(Math.max(1, Math.ceil(ms)));
}

function randomText(): string {
  return randomBytes(6).toString("hex");
}
