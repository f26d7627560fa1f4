// Cache directives as they stand in Cache-Control, and what several or malformed ones mean (RFC 9111 §5.2).

import { OWS, QUOTED, Scanner, takeMember, TOKEN, unquote } from "./syntax.ts";

/** A length of time in whole seconds (RFC 9111 §1.2.2). */
export type Seconds = number;

/** One directive. */
export interface Directive {
  /** In lower case. */
  readonly name: string;
  /** Its argument, without quotes; `undefined` when it has none. */
  readonly argument: string | undefined;
  /** It was found in text that does not follow the grammar. Then it counts where it restricts, and only there. */
  readonly isMalformed: boolean;
}

/** An argument that a directive takes: none, or names of fields that it is about. `false`: the directive is not there. */
export type Qualified = boolean | readonly string[];

const WORD = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/g;
const DIGITS = /^[0-9]+$/;

/** The largest length of time that is told apart: 2^31 s (RFC 9111 §1.2.2). */
const LARGEST: Seconds = 2_147_483_648;

/**
 * The directives on the lines of a Cache-Control field (RFC 9111 §5.2). Names are case-insensitive; an argument may be a token or a
 * quoted string. Never throws: of a member that does not follow the grammar every word is returned as a malformed
 * directive, so that `no-store; max-age=60` forbids to store, and `max-age =60` is an invalid lifetime. Each line
 * stands for itself, so that a quote that does not end hides nothing on the next.
 */
export function parseDirectives(lines: readonly string[]): Directive[] {
  return lines.flatMap((line) => parseLine(new Scanner(line)));
}

function parseLine(scanner: Scanner): Directive[] {
  const directives: Directive[] = [];
  for (;;) {
    scanner.take(OWS);
    if (scanner.isDone) return directives;
    if (scanner.skip(",")) continue;
    directives.push(...parseMember(scanner));
  }
}

function parseMember(scanner: Scanner): Directive[] {
  const start = scanner.at;
  const directive = parseDirective(scanner);
  scanner.take(OWS);
  if (directive !== undefined && (scanner.isDone || scanner.next === ",")) return [directive];
  scanner.at = start;
  return malformedWords(takeMember(scanner));
}

function parseDirective(scanner: Scanner): Directive | undefined {
  const name = scanner.take(TOKEN)?.toLowerCase();
  if (name === undefined) return undefined;
  if (!scanner.skip("=")) return { name, argument: undefined, isMalformed: false };
  const quoted = scanner.take(QUOTED);
  const argument = quoted === undefined ? scanner.take(TOKEN) : unquote(quoted);
  return argument === undefined ? undefined : { name, argument, isMalformed: false };
}

function malformedWords(text: string): Directive[] {
  const words = text.match(WORD) ?? [];
  return words.map((word) => ({ name: word.toLowerCase(), argument: undefined, isMalformed: true }));
}

/** Whether a directive that restricts is there, however it is written: a stray argument does not lift it. */
export function restricts(directives: readonly Directive[], name: string): boolean {
  return directives.some((directive) => directive.name === name);
}

/** Whether a directive that permits is there as it is defined: without an argument, and well-formed. */
export function permits(directives: readonly Directive[], name: string): boolean {
  return directives.some((one) => one.name === name && !one.isMalformed && one.argument === undefined);
}

/**
 * What `no-cache` or `private` is about (RFC 9111 §5.2.2.4, §5.2.2.7): everything, or the fields named. A list that
 * names no field, or cannot be read, and one beside the unqualified directive, are about everything.
 */
export function qualified(directives: readonly Directive[], name: string): Qualified {
  const found = directives.filter((directive) => directive.name === name);
  if (found.length === 0) return false;
  const names = found.map(({ argument }) => (argument === undefined ? undefined : namesIn(argument)));
  return names.every((list) => list !== undefined) ? [...new Set(names.flat())].toSorted() : true;
}

function namesIn(argument: string): string[] | undefined {
  const names = argument.split(",").map((name) => name.trim().toLowerCase());
  return names.every((name) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) ? names : undefined;
}

/**
 * The seconds of a directive; `undefined` when it is not there; `invalid` when its argument is no number of seconds, or when it is
 * there twice with different ones (RFC 9111 §4.2.1: either the first counts, or the response is stale. Stale is the
 * choice here, because then their order does not matter).
 */
export function seconds<I>(directives: readonly Directive[], name: string, invalid: I): Seconds | I | undefined {
  const found = directives.filter((directive) => directive.name === name);
  if (found.length === 0) return undefined;
  const values = new Set(found.map(({ argument }) => parseSeconds(argument)));
  const [value] = values;
  return values.size > 1 || value === undefined ? invalid : value;
}

/** A non-negative whole number, at most 2^31 (RFC 9111 §1.2.2); `undefined` for any other text. */
export function parseSeconds(text: string | undefined): Seconds | undefined {
  return text !== undefined && DIGITS.test(text) ? Math.min(Number(text), LARGEST) : undefined;
}
