// One shop process as the front door sees it: questions and answers, its end, how well it can hear.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LoadProduct } from "../product-pages.ts";
import { Link } from "./link.ts";
import type { Witness } from "./price-watch.ts";
import type { Answer, Change, FromShop, Instant, Invalidated, ShopSettings, ShopStats, Touched } from "./protocol.ts";
import type { ToShop } from "./protocol.ts";
import { Touch } from "./touch.ts";

const PROGRAM = fileURLToPath(new URL("shop-process.ts", import.meta.url));

/** The process died before it answered. */
export class LostError extends Error {}

export interface ShopListener {
  onTouched(shop: Shop, touched: Touched): void;
  /** An invalidation that had been pending has reached Redis. */
  onDelivered(shop: Shop, ask: number, at: Instant): void;
}

interface Waiting {
  resolve(reply: FromShop): void;
  reject(error: Error): void;
}

let lastAsk = 0;

export class Shop implements Witness {
  readonly name: string;
  readonly touch = new Touch();
  /** Resolves when it is in touch with Redis for the first time. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #link: Link<ToShop, FromShop>;
  readonly #load: LoadProduct;
  readonly #listener: ShopListener;
  readonly #waiting = new Map<number, Waiting>();
  #isOpen = false;
  #markReady: (() => void) | undefined;

  constructor(number: number, settings: ShopSettings, load: LoadProduct, listener: ShopListener) {
    this.name = `shop ${number}`;
    this.#load = load;
    this.#listener = listener;
    this.#child = fork(PROGRAM, [JSON.stringify(settings)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#exited = once(this.#child, "exit");
    this.#link = new Link(this.#child, (message) => void this.#receive(message));
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#child.once("exit", () => {
        this.#isOpen = false;
        reject(new LostError(`${this.name} has ended`));
        for (const waiting of this.#waiting.values()) waiting.reject(new LostError(`${this.name} has ended`));
        this.#waiting.clear();
      });
    });
    // Who waits for it is told; who does not is not concerned.
    this.ready.catch(() => undefined);
  }

  /** Whether it takes requests. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  async get(id: number): Promise<Answer> {
    const reply = await this.#ask((ask) => ({ kind: "get", ask, id }));
    if (reply.kind === "answer") return reply.answer;
    throw unexpected(reply);
  }

  /** Returns its number too, by which it is said later that it was delivered. */
  async invalidate(change: Change): Promise<Invalidated & { readonly ask: number }> {
    const reply = await this.#ask((ask) => ({ kind: "invalidate", ask, change }));
    if (reply.kind === "invalidated") return { ...reply.invalidated, ask: reply.ask };
    throw unexpected(reply);
  }

  async close(): Promise<ShopStats> {
    const reply = await this.#ask((ask) => ({ kind: "close", ask }));
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    if (reply.kind === "closed") return reply.stats;
    throw unexpected(reply);
  }

  /** `kill -9`. Returns how many requests it took with it. */
  async kill(): Promise<number> {
    const lost = this.#waiting.size;
    this.killNow();
    await this.#exited;
    return lost;
  }

  /** The same for the end of this process, which does not wait. */
  killNow(): void {
    this.#isOpen = false;
    this.#child.kill("SIGKILL");
  }

  #ask(question: (ask: number) => ToShop): Promise<FromShop> {
    const ask = ++lastAsk;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { resolve, reject });
      this.#link.post(question(ask));
    });
  }

  async #receive(message: FromShop): Promise<void> {
    switch (message.kind) {
      case "load":
        return this.#bring(message);
      case "touch":
        return this.#touched(message.at, message.touched);
      case "delivered":
        return message.asks.forEach((ask) => this.#listener.onDelivered(this, ask, message.at));
      case "answer":
      case "invalidated":
      case "closed":
      case "failed":
        this.#waiting.get(message.ask)?.resolve(message);
        this.#waiting.delete(message.ask);
    }
  }

  async #bring({ load, id }: Extract<FromShop, { readonly kind: "load" }>): Promise<void> {
    try {
      this.#link.post({ kind: "loaded", load, product: await this.#load(id) });
    } catch (error) {
      this.#link.post({ kind: "not loaded", load, message: String(error) });
    }
  }

  #touched(at: Instant, touched: Touched): void {
    this.touch.note(at, touched);
    if (touched.what === "live" && this.#markReady !== undefined) {
      this.#isOpen = true;
      this.#markReady();
      this.#markReady = undefined;
    }
    this.#listener.onTouched(this, touched);
  }
}

function unexpected(reply: FromShop): Error {
  return new Error(reply.kind === "failed" ? reply.message : `a shop process answered with ${reply.kind}`);
}
