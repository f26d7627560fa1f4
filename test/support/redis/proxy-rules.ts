// What a proxy does to which frames: selections that count, and effects.

import { payloadSpans } from "./resp.ts";

/** The part of a proxied connection that selections may look at. */
export interface ConnectionFacts {
  /** 1 for the first that the proxy accepted. */
  readonly id: number;
  /** The names, in capitals, of the commands it has sent to the server so far. */
  readonly commandNames: ReadonlySet<string>;
}

/** One frame of RESP on its way. */
export interface Frame {
  readonly bytes: Buffer;
  /** Of a command: its words, as latin1. Of a reply: those of the command it answers. Of a push message: none. */
  readonly command: readonly string[] | undefined;
}

/** Which frames are meant; all conditions must hold. Default: all. */
export interface Selection {
  /** The name of the command (or of the one that is answered), in any case, or a pattern for all its words. */
  readonly command?: string | RegExp;
  /** What the frame's own bytes contain, as latin1. */
  readonly bytes?: string | RegExp;
  /** Which connections. */
  readonly on?: (connection: ConnectionFacts) => boolean;
  /** How many of those frames go by before. Default 0. */
  readonly after?: number;
  /** To how many it applies. Default: all, but to one if the effect ends the connection. */
  readonly times?: number;
  /** How likely it applies to each, from 0 to 1. Default 1. */
  readonly probability?: number;
}

/** What is held back: a frame or the end of a stream. */
export interface Held {
  readonly frame: Frame | undefined;
  letGo(): void;
}

/** What is done to a frame. */
export type Effect =
  /** `caught` returns what is to be called when it is held no more, for whatever reason. */
  | { readonly kind: "hold"; readonly caught: (held: Held) => () => void }
  | { readonly kind: "swallow" }
  | { readonly kind: "cut" }
  | { readonly kind: "reset" }
  | { readonly kind: "garble"; readonly where: "payload" | "anywhere" };

/** An effect on selected frames, until it is over. */
export class Rule {
  readonly effect: Effect;
  readonly #selection: Selection;
  readonly #random: () => number;
  #seen = 0;
  #over = false;

  constructor(effect: Effect, selection: Selection, random: () => number) {
    this.effect = effect;
    this.#selection = selection;
    this.#random = random;
  }

  get over(): boolean {
    return this.#over;
  }

  /** From now on it applies to nothing, not even to what it holds. */
  end(): void {
    this.#over = true;
  }

  /** Whether it applies; to be asked once a frame. The end of a stream (undefined) is part of it if everything is. */
  appliesTo(frame: Frame | undefined, connection: ConnectionFacts): boolean {
    const { command, bytes, on, after = 0, times = Infinity, probability = 1 } = this.#selection;
    if (this.#over || on?.(connection) === false) return false;
    if (frame === undefined)
      return command === undefined && bytes === undefined && after === 0 && times === Infinity && probability === 1;
    if (command !== undefined && !matchesCommand(command, frame.command)) return false;
    if (bytes !== undefined && !matchesText(bytes, frame.bytes.toString("latin1"))) return false;
    if (probability < 1 && this.#random() >= probability) return false;
    const place = this.#seen++;
    return after <= place && place < after + times;
  }
}

/** A copy with one byte changed: of a bulk string (the reply can be read, its content is wrong), or anywhere. */
export function garbled(frame: Buffer, where: "payload" | "anywhere", random: () => number): Buffer {
  const spans = where === "payload" ? payloadSpans(frame) : [{ from: 0, to: frame.length }];
  const span = spans[Math.floor(random() * spans.length)];
  if (span === undefined) return frame;
  const copy = Buffer.from(frame);
  const at = span.from + Math.floor(random() * (span.to - span.from));
  // Never by zero, which would change nothing.
  copy[at] = (copy[at] ?? 0) ^ (1 + Math.floor(random() * 255));
  return copy;
}

function matchesCommand(wanted: string | RegExp, command: readonly string[] | undefined): boolean {
  if (command === undefined) return false;
  return typeof wanted === "string"
    ? command[0]?.toUpperCase() === wanted.toUpperCase()
    : matchesText(wanted, command.join(" "));
}

function matchesText(wanted: string | RegExp, text: string): boolean {
  // search() ignores the state that a global pattern carries from match to match.
  return typeof wanted === "string" ? text.includes(wanted) : text.search(wanted) >= 0;
}
