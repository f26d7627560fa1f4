// Entity tags, and the two ways to compare them (RFC 9110 §8.8.3).

import { Scanner } from "./syntax.ts";

/** An entity tag. */
export interface EntityTag {
  readonly isWeak: boolean;
  /** What stands between the quotes. A backslash there is nothing special. */
  readonly opaque: string;
}

const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"/y;
/** Up to the next comma that no quotes hold. */
const REST = /(?:[^",]|"[^"]*(?:"|$))*/sy;
const GAP = /[ \t,]*/y;

/** An entity tag; `undefined` for any other text, as one without quotes, or with a weakness flag in lower case. */
export function parseEntityTag(text: string | undefined): EntityTag | undefined {
  const scanner = new Scanner(text ?? "");
  const tag = scanner.take(TAG);
  return tag !== undefined && scanner.isDone ? toTag(tag) : undefined;
}

/**
 * The entity tags of `If-Match` or `If-None-Match`, or `"*"` (RFC 9110 §13.1.1). Members that are none are left out: they match nothing.
 */
export function parseEntityTags(value: string): "*" | readonly EntityTag[] {
  if (value.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  const scanner = new Scanner(value);
  for (scanner.take(GAP); !scanner.isDone; scanner.take(GAP)) {
    const tag = scanner.take(TAG);
    const rest = scanner.take(REST) ?? "";
    if (tag !== undefined && rest.trim() === "") tags.push(toTag(tag));
  }
  return tags;
}

/** Whether both name the same bytes (RFC 9110 §8.8.3.2): neither is weak, and they are equal. */
export function matchesStrongly(a: EntityTag, b: EntityTag): boolean {
  return !a.isWeak && !b.isWeak && a.opaque === b.opaque;
}

/** Whether both name representations of which one can stand for the other (RFC 9110 §8.8.3.2). */
export function matchesWeakly(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

/** An entity tag as text. */
export function formatEntityTag({ isWeak, opaque }: EntityTag): string {
  return `${isWeak ? "W/" : ""}"${opaque}"`;
}

function toTag(text: string): EntityTag {
  const isWeak = text.startsWith("W/");
  return { isWeak, opaque: text.slice(isWeak ? 3 : 1, -1) };
}
