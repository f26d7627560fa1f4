// Values of request headers in one spelling of those that mean the same (RFC 9111 §4.1).

import { listMembers, parametersOf } from "./syntax.ts";

/** Fields whose whole value is one text: what looks like a list in them is none. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...["authorization", "cookie", "proxy-authorization", "user-agent", "referer"],
]);

/** Lists of names with weights, in which neither order nor case means anything (RFC 9110 §12.5). */
const WEIGHTED: ReadonlySet<string> = new Set(["accept-language", "accept-encoding", "accept-charset"]);

/**
 * The value of a request header in a spelling that all values of the same meaning share. Lists lose their optional white space; of those
 * of content negotiation the order goes, too, and case and weights are written one way.
 * @param name in lower case
 */
export function normalised(name: string, value: string): string {
  if (OPAQUE.has(name)) return value.trim();
  const members = listMembers([value]);
  if (WEIGHTED.has(name)) return members.map(weighted).toSorted().join(",");
  if (name === "accept") return members.map(mediaRange).toSorted().join(",");
  return members.join(",");
}

/** The weight of each language asked for, by its tag in lower case. One without a weight has 1. */
export function languageQualities(value: string): ReadonlyMap<string, number> {
  return new Map(
    listMembers([value]).map((member) => {
      const [tag = "", ...parameters] = parametersOf(member.toLowerCase());
      return [tag, qualityOf(parameters)] as const;
    }),
  );
}

function weighted(member: string): string {
  const [name = "", ...parameters] = parametersOf(member.toLowerCase());
  return [name, ...withoutFullWeight(parameters)].join(";");
}

/** Values of parameters may be case-sensitive (RFC 9110 §8.3.1); types and names of parameters are not. */
function mediaRange(member: string): string {
  const [range = "", ...parameters] = parametersOf(member);
  const lowered = parameters.map((parameter) => parameter.replace(/^[^=]*/, (name) => name.toLowerCase()));
  return [range.toLowerCase(), ...withoutFullWeight(lowered)].join(";");
}

/** `q=1` is what holds without it, and `q=0.50` is `q=0.5`. A weight that is none is left as it is. */
function withoutFullWeight(parameters: readonly string[]): string[] {
  return parameters.flatMap((parameter) => {
    const quality = weightOf(parameter);
    if (quality === undefined) return [parameter];
    return quality === 1 ? [] : [`q=${quality}`];
  });
}

function qualityOf(parameters: readonly string[]): number {
  return parameters.map(weightOf).find((quality) => quality !== undefined) ?? 1;
}

function weightOf(parameter: string): number | undefined {
  const digits = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
