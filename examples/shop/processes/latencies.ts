// How long requests took, by where their answers came from.
import { percentile } from "../replay.ts";
import type { Answer, Origin } from "./protocol.ts";

export interface OriginSummary {
  readonly origin: Origin | "all";
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const ORIGINS: readonly Origin[] = ["memory", "redis", "database"];

export function summarise(answers: readonly Answer[]): {
  readonly all: OriginSummary;
  readonly origins: readonly OriginSummary[];
} {
  return {
    all: summary("all", answers),
    origins: ORIGINS.map((origin) =>
      summary(
        origin,
        answers.filter((answer) => answer.origin === origin),
      ),
    ),
  };
}

function summary(origin: OriginSummary["origin"], answers: readonly Answer[]): OriginSummary {
  const sorted = Float64Array.from(answers, ({ tookMs }) => tookMs).sort();
  return { origin, count: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}
