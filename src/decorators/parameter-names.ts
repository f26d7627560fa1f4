// Names of a function's parameters, read from its source text.

import type { ParameterName } from "../model/key-template.ts";
import { skipSpace, skipToken } from "./source-scanner.ts";

/** Compilers may write letters outside ASCII as escapes. */
const ESCAPE = /\\u(?:\{([0-9a-f]+)\}|([0-9a-f]{4}))/giu;
const IDENTIFIER = new RegExp(
  `(?:[\\p{ID_Start}$_]|${ESCAPE.source})(?:[\\p{ID_Continue}$\\u200c\\u200d]|${ESCAPE.source})*`,
  "iuy",
);
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;

/**
 * The names of a function's parameters in order: `undefined` for a destructured one, `"...ids"` for a rest parameter.
 * Defaults, comments and line breaks do not matter. A bound or native function shows no source, so no names.
 *
 * The names are those in the running code: a minifier's, where one was at work.
 */
// oxlint-disable-next-line typescript/no-unsafe-function-type
export function parameterNames(fn: Function): ParameterName[] {
  const source = Function.prototype.toString.call(fn);
  if (NATIVE.test(source)) return [];
  const open = findParameters(source);
  if (source[open] !== "(") return [nameAt(source, open)];
  const names: ParameterName[] = [];
  let at = skipSpace(source, open + 1);
  while (at < source.length && source[at] !== ")") {
    names.push(nameAt(source, at));
    while (at < source.length && source[at] !== "," && source[at] !== ")") at = skipToken(source, at);
    if (source[at] === ",") at = skipSpace(source, at + 1);
  }
  return names;
}

/** Whether a printer that saves white space wrote a function, as minifiers and tsx do: others leave some before the body. */
// oxlint-disable-next-line typescript/no-unsafe-function-type
export function looksMinified(fn: Function): boolean {
  const source = Function.prototype.toString.call(fn);
  const open = findParameters(source);
  const behind = source[open] === "(" ? skipToken(source, open) : open + (wordAt(source, open)?.length ?? 0);
  return source[behind] === "{" || source.startsWith("=>", behind);
}

/** Index of the parenthesis before the parameters, or of the only parameter of `id => …`. A computed name is stepped over. */
function findParameters(source: string): number {
  let at = skipSpace(source, 0);
  let word = at;
  while (at < source.length && source[at] !== "(") {
    if (source.startsWith("=>", at)) return word;
    const length = wordAt(source, at)?.length;
    if (length !== undefined) word = at;
    at = skipSpace(source, length === undefined ? skipToken(source, at) : at + length);
  }
  return at;
}

function nameAt(source: string, at: number): ParameterName {
  const rest = source.startsWith("...", at);
  const word = wordAt(source, rest ? skipSpace(source, at + 3) : at);
  if (word === undefined) return undefined;
  return (rest ? "..." : "") + unescapeName(word);
}

function wordAt(source: string, at: number): string | undefined {
  IDENTIFIER.lastIndex = at;
  return IDENTIFIER.exec(source)?.[0];
}

function unescapeName(name: string): string {
  return name.replace(ESCAPE, (_escape, braced?: string, plain?: string) =>
    String.fromCodePoint(Number.parseInt(braced ?? (plain as string), 16)),
  );
}
