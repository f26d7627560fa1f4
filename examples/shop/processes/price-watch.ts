// The referee for several processes: collects what each was asked and told, and judges when all is known.
import type { CommittedPrice } from "../database.ts";
import type { Answer, Instant } from "./protocol.ts";
import type { Bound, Touch } from "./touch.ts";

/** A shop process as the referee sees it. A replaced one counts as another. */
export interface Witness {
  readonly name: string;
  readonly touch: Touch;
}

/** Prices that were invalidated together. */
export interface Invalidation {
  /** Who did it; `undefined`: nobody. */
  readonly by: Witness | undefined;
  /** From then on that process had to know. */
  readonly at: Instant;
  /** From then on the others had to hear of it: when Redis had it. `Infinity` while it has not. */
  doneAt: Instant;
}

interface Asked {
  readonly id: number;
  readonly shop: Witness;
  readonly answer: Answer;
}

interface Ended {
  readonly version: number;
  readonly invalidation: Invalidation;
}

export interface SharedVerdict {
  readonly checked: number;
  /** Of those checked: requests for products whose price had changed before, where a cache could go wrong. */
  readonly checkedAfterChange: number;
  /** Answers with a price whose invalidation was on its way to that process. */
  readonly withinBound: number;
  /** Longest time between the confirmed invalidation and the request that still got the old price. */
  readonly longestMs: number;
  /** The same while the process could not reach Redis, or had lost the bus. */
  readonly outOfTouch: number;
  readonly longestOutOfTouchMs: number;
  readonly violations: readonly string[];
}

export class SharedPriceWatch {
  readonly #ended = new Map<number, Ended[]>();
  readonly #asked: Asked[] = [];

  invalidated(prices: readonly CommittedPrice[], invalidation: Invalidation): void {
    for (const { id, version } of prices) {
      const list = this.#ended.get(id);
      if (list === undefined) this.#ended.set(id, [{ version, invalidation }]);
      else list.push({ version, invalidation });
    }
  }

  answered(id: number, shop: Witness, answer: Answer): void {
    this.#asked.push({ id, shop, answer });
  }

  answers(): Answer[] {
    return this.#asked.map(({ answer }) => answer);
  }

  verdict(): SharedVerdict {
    const found = { afterChange: 0, within: 0, longestMs: 0, outOfTouch: 0, longestOutOfTouchMs: 0 };
    const violations: string[] = [];
    for (const asked of this.#asked) {
      const { beganAt } = asked.answer;
      const due = this.#dueFor(asked);
      if (due.length > 0) found.afterChange += 1;
      const old = due.filter(({ version }) => version > asked.answer.version);
      const [first] = old;
      if (first === undefined) continue;
      const late = old.find(({ invalidation }) => beganAt > boundOf(asked, invalidation).until);
      if (late !== undefined) violations.push(describe(asked, late));
      else {
        const lateMs = beganAt - knownAt(asked, first.invalidation);
        if (boundOf(asked, first.invalidation).isOutage) {
          found.outOfTouch += 1;
          found.longestOutOfTouchMs = Math.max(found.longestOutOfTouchMs, lateMs);
        } else {
          found.within += 1;
          found.longestMs = Math.max(found.longestMs, lateMs);
        }
      }
    }
    return {
      checked: this.#asked.length,
      checkedAfterChange: found.afterChange,
      withinBound: found.within,
      longestMs: found.longestMs,
      outOfTouch: found.outOfTouch,
      longestOutOfTouchMs: found.longestOutOfTouchMs,
      violations,
    };
  }

  /** What had been invalidated before the request began, the earliest first. */
  #dueFor(asked: Asked): Ended[] {
    const ended = this.#ended.get(asked.id) ?? [];
    return ended
      .filter(({ invalidation }) => asked.answer.beganAt > knownAt(asked, invalidation))
      .sort((one, other) => knownAt(asked, one.invalidation) - knownAt(asked, other.invalidation));
  }
}

function knownAt({ shop }: Asked, { by, at, doneAt }: Invalidation): Instant {
  return shop === by ? at : doneAt;
}

/**
 * The process that invalidates knows at once; the others when they have been told, or when they ask Redis. For a request
 * during which Redis does not answer there is no bound.
 */
function boundOf({ shop, answer }: Asked, { by, at, doneAt }: Invalidation): Bound {
  if (shop === by) return { until: at, isOutage: false };
  const bound = shop.touch.boundFor(doneAt);
  return answer.isCutOff && answer.beganAt > bound.until ? { until: Infinity, isOutage: true } : bound;
}

function describe(asked: Asked, { version, invalidation }: Ended): string {
  const { id, shop, answer } = asked;
  const lateMs = Math.round(answer.beganAt - knownAt(asked, invalidation));
  return (
    `${shop.name} was asked for product ${id} and served version ${answer.version} (${answer.origin}), ` +
    `${lateMs} ms after ${invalidation.by?.name ?? "somebody"} had ended it for version ${version}`
  );
}
