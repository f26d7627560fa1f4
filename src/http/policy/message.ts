// What the policy knows of messages: a method, a URL, a status and header fields, whoever carries them.

import { badInput } from "../../errors.ts";
import type { Instant } from "../../model/duration.ts";

/** One line of a header section: the name as it was written, and the value. */
export type FieldLine = readonly [name: string, value: string];

/** A header section to read. `fieldsOf` makes one of what fetch, Node and undici give. */
export interface Fields extends Iterable<FieldLine> {
  /** The values of all lines of a field, in their order. The name is given in lower case. Empty when there is none. */
  all(name: string): readonly string[];
}

/** The head of a request. */
export interface RequestHead {
  /** As it was sent: methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** The target URI, absolute. */
  readonly url: string;
  readonly fields: Fields;
}

/** The head of a final response. */
export interface ResponseHead {
  readonly status: number;
  readonly fields: Fields;
}

/** A response with what a cache has to know of its coming. */
export interface ReceivedResponse extends ResponseHead {
  /** When the request was sent that brought it, or that last validated it. */
  readonly requestedAt: Instant;
  /** When it came, or when it was last validated. */
  readonly receivedAt: Instant;
}

/** What `fieldsOf` understands: pairs, as `Headers` and `Map` give them, or an object, as Node and undici do. */
export type FieldSource =
  Iterable<FieldLine> | Readonly<Record<string, string | number | readonly string[] | undefined>>;

/**
 * Header fields to read, of pairs or an object. White space around values is left out. What is `Fields` already is
 * returned as it is.
 * @throws CacheError `invalid_argument` for a name or value that is no text
 */
export function fieldsOf(source: FieldSource | Fields): FieldList {
  if (source instanceof FieldList) return source;
  const lines = isIterable(source) ? [...source] : linesOf(source);
  return new FieldList(lines.map(checkLine));
}

/** Header fields, in their order and with names as they were written. Never changed: each edit makes another list. */
export class FieldList implements Fields {
  readonly #lines: readonly FieldLine[];
  /** Made when it is asked for: most lists are only written out. */
  #values: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(lines: readonly FieldLine[]) {
    this.#lines = lines;
  }

  all(name: string): readonly string[] {
    this.#values ??= group(this.#lines);
    return this.#values.get(name) ?? [];
  }

  [Symbol.iterator](): IterableIterator<FieldLine> {
    return this.#lines[Symbol.iterator]();
  }

  /** Without the fields that `isLeftOut` names; it gets names in lower case. */
  without(isLeftOut: (name: string) => boolean): FieldList {
    return new FieldList(this.#lines.filter(([name]) => !isLeftOut(name.toLowerCase())));
  }

  /** With lines that take the place of those of the same names, after all others. */
  with(lines: readonly FieldLine[]): FieldList {
    const names = new Set(lines.map(([name]) => name.toLowerCase()));
    const rest = this.#lines.filter(([name]) => !names.has(name.toLowerCase()));
    return new FieldList([...rest, ...lines]);
  }
}

/** All lines of a field as one value (RFC 9110 §5.2); `undefined` when there is none. */
export function combined(fields: Fields, name: string): string | undefined {
  const values = fields.all(name);
  return values.length === 0 ? undefined : values.join(", ");
}

/** The value of a field that has just one line; `undefined` when there is none, or more than one. */
export function single(fields: Fields, name: string): string | undefined {
  const values = fields.all(name);
  return values.length === 1 ? values[0] : undefined;
}

function group(lines: readonly FieldLine[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  return values;
}

function isIterable(source: FieldSource): source is Iterable<FieldLine> {
  return Symbol.iterator in source;
}

function linesOf(source: Exclude<FieldSource, Iterable<FieldLine>>): FieldLine[] {
  return Object.entries(source).flatMap(([name, value]): FieldLine[] => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map((one: string) => [name, one] as const);
    return [[name, typeof value === "number" ? String(value) : (value as string)]];
  });
}

function checkLine([name, value]: FieldLine): FieldLine {
  if (typeof name !== "string" || name === "") throw badInput("invalid_argument", "fields", "named by texts", name);
  if (typeof value !== "string") throw badInput("invalid_argument", `fields["${name}"]`, "a text", value);
  return [name, trimmed(value)];
}

/** Without optional white space around it, which is space and tab (RFC 9110 §5.6.3). */
function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
