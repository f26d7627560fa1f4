// One direction of a proxy, all connections: the verbs with which a test steers it.

import { waitUntil } from "../wait-until.ts";
import { Rule } from "./proxy-rules.ts";
import type { ConnectionFacts, Effect, Frame, Held, Selection } from "./proxy-rules.ts";
import type { Lane, LaneControl } from "./proxy-lane.ts";

/** How long bytes are under way. */
export interface Delay {
  readonly ms: number;
  /** Up to so much longer, by chance. Default 0. */
  readonly jitterMs?: number;
  /** Which connections. Default: all. */
  readonly on?: (connection: ConnectionFacts) => boolean;
}

/** Ends what a verb of the proxy began. */
export type Stop = () => void;

/** What is held back, and how it comes free. */
export interface Hold {
  /** What is held right now: at most one frame a connection, the rest waits behind it. */
  readonly frames: readonly Frame[];
  /** Resolves with the held frames once there are so many (default 1); fails after the deadline (default 5 s). */
  caught(count?: number, deadlineMs?: number): Promise<readonly Frame[]>;
  /** Lets the frame go that was caught first, and goes on holding. */
  releaseOne(): void;
  /** Lets everything go and holds nothing more. */
  release(): void;
}

/** Steers the bytes from clients to the server, or those from the server to clients. */
export class Direction implements LaneControl {
  readonly random: () => number;
  readonly #lanes = new Set<Lane>();
  #rules: Rule[] = [];
  #delays: Delay[] = [];

  constructor(random: () => number) {
    this.random = random;
  }

  /** For lanes: the rules in the order in which they came. */
  get rules(): readonly Rule[] {
    return this.#rules;
  }

  /** What arrives from now on is under way for so long. Several delays add up. */
  delay(delay: Delay): Stop {
    this.#delays.push(delay);
    return () => {
      this.#delays = this.#delays.filter((one) => one !== delay);
    };
  }

  /** Bytes vanish, connections stay open; without conditions their ends vanish too. What vanished does not come back. */
  blackHole(selection: Selection = {}): Stop {
    return this.#add({ kind: "swallow" }, selection);
  }

  /** Holds frames, and on their connection everything behind them. */
  hold(selection: Selection = {}): Hold {
    const holding = new Set<Held>();
    const caught = (held: Held): (() => void) => {
      holding.add(held);
      return () => void holding.delete(held);
    };
    const release = this.#add({ kind: "hold", caught }, selection);
    const frames = (): Frame[] => [...holding].flatMap(({ frame }) => frame ?? []);
    return {
      get frames() {
        return frames();
      },
      caught: async (count = 1, deadlineMs = 5_000) => {
        await waitUntil(() => frames().length >= count, { deadlineMs, what: `the proxy holds ${count} frames` });
        return frames();
      },
      releaseOne: () => {
        const [first] = holding;
        first?.letGo();
      },
      release,
    };
  }

  /** Hands on the first half of the next such frame and closes the connection. */
  cut(selection: Selection = {}): Stop {
    return this.#add({ kind: "cut" }, { times: 1, ...selection });
  }

  /** Resets the connection instead of handing on the next such frame: a command not executed, or a reply lost. */
  reset(selection: Selection = {}): Stop {
    return this.#add({ kind: "reset" }, { times: 1, ...selection });
  }

  /** Changes a byte of each such frame: anywhere (default), or in the payload of a reply that stays well-formed. */
  garble({ where = "anywhere", ...selection }: Selection & { readonly where?: "payload" | "anywhere" } = {}): Stop {
    return this.#add({ kind: "garble", where }, selection);
  }

  /** Ends all of the above; what was held goes on. */
  heal(): void {
    for (const rule of this.#rules) rule.end();
    this.#rules = [];
    this.#delays = [];
    this.#pump();
  }

  /** For lanes. */
  delayFor(connection: ConnectionFacts): number {
    let total = 0;
    for (const { ms, jitterMs = 0, on } of this.#delays)
      if (on?.(connection) !== false) total += ms + (jitterMs > 0 ? this.random() * jitterMs : 0);
    return total;
  }

  /** For connections. */
  attach(lane: Lane): void {
    this.#lanes.add(lane);
  }

  /** For connections. */
  detach(lane: Lane): void {
    this.#lanes.delete(lane);
  }

  #add(effect: Effect, selection: Selection): Stop {
    const rule = new Rule(effect, selection, this.random);
    this.#rules = [...this.#rules, rule];
    return () => {
      rule.end();
      this.#rules = this.#rules.filter((one) => one !== rule);
      this.#pump();
    };
  }

  #pump(): void {
    for (const lane of this.#lanes) lane.pump();
  }
}
