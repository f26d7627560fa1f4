// The text of messages on the bus: `<format> <publisher> <number> <age of the publisher in ms> <body>`.

import type { EpochName } from "../contracts/authority.ts";
import type { BusMessage } from "../contracts/bus.ts";
import type { Milliseconds } from "../model/duration.ts";

/** The format that this release writes. Of a newer one it knows only that it missed something. */
export const FORMAT = "1";

/** What a text on the channel says. */
export type Heard =
  | {
      readonly kind: "message";
      readonly publisher: string;
      readonly number: number;
      /** How long the publisher had existed when it sent this. */
      readonly ageMs: Milliseconds;
      /** `undefined` when the message says no more than its number. */
      readonly message: BusMessage | undefined;
      /** Whether the number is that of an earlier message, said once more. */
      readonly isFollowUp: boolean;
    }
  /** Nothing that this release understands. */
  | { readonly kind: "unknown" };

/**
 * The body of the message about an entry: `f` when a refresh has been stored, `k` when it has been set, or has gone, which
 * is the case without a version.
 */
export function keyBody(letter: "f" | "k", fullKey: string, version = "-"): string {
  return `${letter} ${version} ${fullKey}`;
}

/** The body of the message about an epoch. */
export function epochBody(name: EpochName, soft: boolean): string {
  const kind = { root: "r", namespace: "n", tag: "t" }[name.kind];
  return `e ${soft ? "s" : "h"} ${kind} ${name.kind === "root" ? "" : (name.name ?? "")}`;
}

/** The body of the message about a pattern: the length of the namespace, or `-` for none, tells it from the pattern. */
export function matchingBody(namespace: string | undefined, pattern: string): string {
  return `p ${namespace?.length ?? "-"} ${namespace ?? ""}${pattern}`;
}

const UNKNOWN: Heard = Object.freeze({ kind: "unknown" });

/** Reads a text of the channel. Word by word: a regular expression took several times as long. */
export function readMessage(text: string): Heard {
  const words = new Words(text);
  const format = words.next();
  const publisher = words.next();
  const number = readNumber(words.next());
  const ageMs = readNumber(words.next());
  const letter = words.next();
  if (format !== FORMAT || publisher === "" || number === undefined || ageMs === undefined) return UNKNOWN;
  const head = { kind: "message", publisher, number, ageMs } as const;
  if (letter === "s" || letter === "h") {
    return words.isOver ? { ...head, message: undefined, isFollowUp: letter === "h" } : UNKNOWN;
  }
  const first = words.next();
  const message = first === "" || words.isOver ? undefined : readBody(letter, first, words.rest);
  return message === undefined ? UNKNOWN : { ...head, message, isFollowUp: false };
}

/** The words of a text, between single spaces. */
class Words {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether there are no more. The last one may be empty. */
  get isOver(): boolean {
    return this.#at > this.#text.length;
  }

  /** All from the next word on. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /** The next; empty when there is none. */
  next(): string {
    const space = this.#text.indexOf(" ", this.#at);
    const end = space < 0 ? this.#text.length : space;
    const word = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return word;
  }
}

function readNumber(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function readBody(letter: string | undefined, first: string, rest: string): BusMessage | undefined {
  if (letter === "f") return { kind: "filled", fullKey: rest, version: first };
  if (letter === "k") return { kind: "key", fullKey: rest, version: first === "-" ? undefined : first };
  if (letter === "p") return readMatching(first, rest);
  if (letter !== "e") return undefined;
  const name = readEpochName(rest);
  return name === undefined ? undefined : { kind: "epoch", name, soft: first === "s" };
}

function readMatching(length: string, text: string): BusMessage {
  const at = length === "-" ? 0 : Number(length);
  return { kind: "matching", namespace: length === "-" ? undefined : text.slice(0, at), pattern: text.slice(at) };
}

function readEpochName(text: string): EpochName | undefined {
  const name = text.slice(2);
  if (text.startsWith("r ")) return { kind: "root" };
  if (text.startsWith("n ")) return { kind: "namespace", name: name === "" ? undefined : name };
  if (text.startsWith("t ")) return { kind: "tag", name };
  return undefined;
}
