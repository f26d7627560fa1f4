// One direction of one proxied connection: a FIFO through which every byte goes, so that bytes keep their order.

import type { Socket } from "node:net";
import { garbled } from "./proxy-rules.ts";
import type { ConnectionFacts, Effect, Frame, Rule } from "./proxy-rules.ts";

/** What a lane obeys, shared by all lanes of a direction. */
export interface LaneControl {
  readonly rules: readonly Rule[];
  readonly random: () => number;
  /** Milliseconds that what arrives now is under way. */
  delayFor(connection: ConnectionFacts): number;
}

/** How a lane acts on its connection. */
export interface LaneEnds {
  readonly facts: ConnectionFacts;
  readonly to: Socket;
  /** What the frame is, as it is handed on. */
  delivered(frame: Frame): void;
  /** RST to both sides. */
  reset(): void;
  /** The side the bytes come from learns that the connection is over. */
  closeSource(): void;
}

type Content = Frame | "end" | "reset";

interface Item {
  readonly content: Content;
  readonly dueAt: number;
  readonly asked: Set<Rule>;
  readonly applying: Set<Rule>;
  /** Tell those who hold it that they do so no more. */
  readonly forget: (() => void)[];
}

/** One direction of one connection. */
export class Lane {
  readonly #control: LaneControl;
  readonly #ends: LaneEnds;
  readonly #queue: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastDueAt = 0;
  #closed = false;

  constructor(control: LaneControl, ends: LaneEnds) {
    this.#control = control;
    this.#ends = ends;
  }

  /** Takes a frame, or the end of the stream, which takes its turn like a frame. */
  push(content: Content): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#lastDueAt = Math.max(this.#lastDueAt, now + this.#control.delayFor(this.#ends.facts));
    this.#queue.push({ content, dueAt: this.#lastDueAt, asked: new Set(), applying: new Set(), forget: [] });
    this.pump();
  }

  /** Hands on what may go. To be called when a rule has come or gone. */
  pump(): void {
    const { to } = this.#ends;
    to.cork();
    while (this.#deliverNext());
    to.uncork();
  }

  /** Lets go of everything; nothing is handed on any more. */
  close(): void {
    this.#closed = true;
    for (const item of this.#queue.splice(0)) forget(item);
    clearTimeout(this.#timer);
  }

  /** True if there may be more to deliver. */
  #deliverNext(): boolean {
    const [item] = this.#queue;
    if (item === undefined || this.#closed || !this.#isDue(item)) return false;
    this.#askRules(item);
    if (applies(item, "hold") !== undefined) return false;
    this.#queue.shift();
    forget(item);
    if (applies(item, "swallow") === undefined) this.#deliver(item);
    return true;
  }

  #isDue({ dueAt }: Item): boolean {
    clearTimeout(this.#timer);
    const leftMs = dueAt - performance.now();
    if (leftMs <= 0) return true;
    this.#timer = setTimeout(() => {
      this.pump();
    }, Math.ceil(leftMs));
    return false;
  }

  /** Each rule once an item, because rules count; again at the next attempt, because a held item may meet new ones. */
  #askRules(item: Item): void {
    const frame = typeof item.content === "string" ? undefined : item.content;
    for (const rule of this.#control.rules) {
      if (item.asked.has(rule)) continue;
      item.asked.add(rule);
      if (!rule.appliesTo(frame, this.#ends.facts)) continue;
      item.applying.add(rule);
      if (rule.effect.kind !== "hold") continue;
      const letGo = (): void => {
        item.applying.delete(rule);
        this.pump();
      };
      item.forget.push(rule.effect.caught({ frame, letGo }));
    }
  }

  #deliver(item: Item): void {
    const { to, delivered, reset, closeSource } = this.#ends;
    if (item.content === "reset" || applies(item, "reset") !== undefined) {
      reset();
    } else if (item.content === "end") {
      this.close();
      to.end();
    } else if (applies(item, "cut") !== undefined) {
      this.close();
      to.end(item.content.bytes.subarray(0, Math.ceil(item.content.bytes.length / 2)));
      closeSource();
    } else {
      delivered(item.content);
      const garble = applies(item, "garble");
      const { bytes } = item.content;
      if (to.writable) to.write(garble === undefined ? bytes : garbled(bytes, garble.where, this.#control.random));
    }
  }
}

function forget(item: Item): void {
  for (const tell of item.forget) tell();
}

function applies<K extends Effect["kind"]>(item: Item, kind: K): Extract<Effect, { readonly kind: K }> | undefined {
  for (const { effect, over } of item.applying)
    // `as`: the compiler does not narrow a union by a type parameter
    if (!over && effect.kind === kind) return effect as Extract<Effect, { readonly kind: K }>;
  return undefined;
}
