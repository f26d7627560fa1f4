// Messages of the bus as text in the log.

import type { EpochName } from "../contracts/authority.ts";
import type { BusMessage } from "../contracts/bus.ts";
import { assertNever } from "../errors.ts";

/** The text of one message: an array as JSON, its kind first. Of several: an array of such; of many sets, one for all. */
export function writeMessages(messages: readonly BusMessage[]): string {
  if (messages.length > 1 && messages.every(isSet)) return JSON.stringify(toArrayOfSets(messages));
  const all = messages.map(toArray);
  return JSON.stringify(all.length === 1 ? all[0] : all);
}

function isSet(message: BusMessage): message is SetMessage {
  return message.kind === "key" && message.version !== undefined;
}

/** Keys and versions in turn. */
function toArrayOfSets(sets: readonly SetMessage[]): readonly string[] {
  const all = [SETS];
  for (const { fullKey, version } of sets) all.push(fullKey, version);
  return all;
}

const SETS = "s";
type SetMessage = Extract<BusMessage, { kind: "key" }> & { readonly version: string };

function toArray(message: BusMessage): readonly unknown[] {
  switch (message.kind) {
    case "key":
      return ["k", message.fullKey, message.version ?? null];
    case "filled":
      return ["f", message.fullKey, message.version];
    case "touched":
      return ["t", message.fullKey];
    case "epoch":
      return ["e", message.name.kind, nameText(message.name), message.soft];
    case "matching":
      return ["m", message.namespace ?? null, message.pattern];
    default:
      return assertNever(message);
  }
}

function nameText(name: EpochName): string | null {
  return name.kind === "root" ? null : (name.name ?? null);
}

/** Reads a row of the log: one message, or an array of several; `undefined` when this release does not understand all of them. */
export function readMessages(text: string): readonly BusMessage[] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  if (parts[0] === SETS) return fromArrayOfSets(parts.slice(1));
  const all = Array.isArray(parts[0]) ? parts : [parts];
  const messages: BusMessage[] = [];
  for (const one of all as readonly unknown[]) {
    const message = Array.isArray(one) ? fromArray(one) : undefined;
    if (message === undefined) return undefined;
    messages.push(message);
  }
  return messages;
}

function fromArray([kind, first, second, third]: readonly unknown[]): BusMessage | undefined {
  if (kind === "e") return readEpoch(first, second, third);
  if (kind === "m") {
    if (!isTextOrNull(first) || typeof second !== "string") return undefined;
    return { kind: "matching", namespace: first ?? undefined, pattern: second };
  }
  if (typeof first !== "string") return undefined;
  if (kind === "t") return { kind: "touched", fullKey: first };
  if (kind === "k" && isTextOrNull(second)) return { kind: "key", fullKey: first, version: second ?? undefined };
  if (kind === "f" && typeof second === "string") return { kind: "filled", fullKey: first, version: second };
  return undefined;
}

function fromArrayOfSets(parts: readonly unknown[]): readonly BusMessage[] | undefined {
  const sets: BusMessage[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const [fullKey, version] = [parts[at], parts[at + 1]];
    if (typeof fullKey !== "string" || typeof version !== "string") return undefined;
    sets.push({ kind: "key", fullKey, version });
  }
  return sets;
}

function readEpoch(kind: unknown, text: unknown, soft: unknown): BusMessage | undefined {
  if (!isTextOrNull(text) || typeof soft !== "boolean") return undefined;
  if (kind === "root") return { kind: "epoch", name: { kind }, soft };
  if (kind === "namespace") return { kind: "epoch", name: { kind, name: text ?? undefined }, soft };
  if (kind === "tag" && text !== null) return { kind: "epoch", name: { kind, name: text }, soft };
  return undefined;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
