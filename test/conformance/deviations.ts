// The tests that the proxy does not pass on purpose, and why.

/** Tests with one reason not to pass them. */
export interface Deviation {
  /** Ids; a `*` at the end stands for whatever follows. */
  readonly tests: readonly string[];
  readonly because: string;
  /** Where it is written. */
  readonly see: string;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    tests: ["headers-store-Set-Cookie", "304-etag-update-response-Set-Cookie", "other-set-cookie"],
    because:
      "A cookie is for one user: a response that sets one is stored where it is called `public`. With `--set-cookie store` they pass.",
    see: "RFC 9111 §7.3",
  },
  {
    tests: [
      ...["age-parse-nonnumeric", "age-parse-negative", "age-parse-float", "age-parse-prefix-twoline"],
      ...["age-parse-dup-0", "age-parse-dup-0-twoline", "age-parse-dup-old"],
      ...["age-parse-parameter", "age-parse-numeric-parameter"],
    ],
    because:
      "They want such responses to be stale, as was open when they were written. Of several values the first counts, and what is no age is ignored.",
    see: "RFC 9111 §5.1",
  },
  {
    tests: [
      ...["stale-close-must-revalidate", "stale-close-proxy-revalidate", "stale-close-no-cache"],
      "stale-close-s-maxage=2",
    ],
    because:
      "The old response is not given: the answer is 502. They take it for the old one, because it lacks a field that only their own server sends.",
    see: "RFC 9111 §4.2.4",
  },
  {
    tests: ["304-etag-update-response-Content-MD5"],
    because:
      "It wants the stored field kept; but a 304 updates all but `Content-Length` and what the stored bytes depend on.",
    see: "RFC 9111 §3.2",
  },
  {
    tests: ["304-etag-update-response-ETag"],
    because: "A 304 with another strong tag is about nothing that is stored, so the response itself is asked for.",
    see: "RFC 9111 §4.3.4",
  },
  {
    tests: ["surrogate-*"],
    because: "`Surrogate-Control` has not become a standard. `CDN-Cache-Control` has, and is obeyed.",
    see: "RFC 9213 §3.1",
  },
  {
    tests: ["conditional-lm-fresh-no-lm"],
    because: "What has no `Last-Modified` goes by its `Date`, and that is later than the one asked about.",
    see: "RFC 9111 §4.3.2",
  },
  {
    tests: ["partial-store-partial-reuse-partial*"],
    because: "The part has one byte less than its `Content-Range` says. Nobody knows which, so it is not stored.",
    see: "RFC 9110 §14.4",
  },
  {
    tests: ["partial-store-partial-complete"],
    because: "The part has no strong validator, without which the rest may be that of something else.",
    see: "RFC 9111 §3.4",
  },
];

/** The reason not to pass a test; `undefined` when there is none. */
export function deviationOf(id: string, deviations: readonly Deviation[] = DEVIATIONS): Deviation | undefined {
  return deviations.find(({ tests }) => tests.some((pattern) => matches(pattern, id)));
}

export function matches(pattern: string, id: string): boolean {
  return pattern.endsWith("*") ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
}
