// Key templates: `product:{id}` compiled once into a function from a call's `this` and arguments to a key.

import { CacheError } from "../errors.ts";
import { delimiterOf, describeArgument, keyText, textEncoder } from "./key-encoding.ts";
import { type ParsedKeyTemplate, parseKeyTemplate, type Placeholder, templateError } from "./key-template-parser.ts";

/** Makes the key of one call. @throws CacheError `invalid_key_argument` when an argument cannot be part of a key */
export type KeyFromCall = (self: unknown, args: readonly unknown[]) => string;

/**
 * A parameter's name as a template may use it: `undefined` for a parameter without one (a destructured one),
 * `"...ids"` for a rest parameter, which only `{2}` and the like can reach into.
 */
export type ParameterName = string | undefined;

/** A placeholder whose place in the argument list is known. */
export interface ResolvedPlaceholder extends Pick<Placeholder, "text" | "path" | "format"> {
  /** The argument's index, -1 for `this`. */
  readonly index: number;
}

/** A way in which `{value:format}` turns a value into text. */
export interface KeyFormat {
  /** What it takes, in words: `"a valid Date"`. */
  readonly takes: string;
  /**
   * The text of a value, `undefined` for what it does not take. It may throw an error of its own.
   * @param where the placeholder, for messages
   */
  text(value: unknown, where: string): string | undefined;
}

/** Formats by their names. */
export type KeyFormats = Readonly<Record<string, KeyFormat>>;

/** How a value without a format becomes text. */
const PLAIN: KeyFormat = {
  takes: "a string, finite number, bigint, boolean or valid Date",
  text: (value) => (typeof value === "string" ? value : keyText(value)),
};

/**
 * Compiles a template.
 *
 * Placeholders are `{name}`, `{0}`, `{name.property}`, `{0.property}` and `{this.property}`; `{{` and `}}` stand for
 * braces. They take strings, finite numbers, bigints, booleans and valid Dates (as ISO text); anything else throws, so
 * that `product:undefined` never becomes a key.
 *
 * Different texts give different keys: values are percent-encoded except for letters, digits, `- _ . ~` and what lies
 * outside ASCII, and whatever delimits two placeholders is escaped inside their values: in `{from}-{to}` also dashes.
 * Two placeholders with nothing between them that can delimit them (`{a}{b}`, `{a}x{b}`) are refused.
 *
 * @param parameterNames names of the function's parameters in order, as far as known
 * @param formats what may stand behind a colon: `{filters:hash}`
 * @throws CacheError `invalid_key_template` for everything that can be found wrong before the first call
 */
export function compileKeyTemplate(
  template: string,
  parameterNames: readonly ParameterName[],
  formats?: KeyFormats,
): KeyFromCall {
  const parsed = parseKeyTemplate(template);
  return buildKeyTemplate(parsed, resolvePlaceholders(parsed, parameterNames), formats);
}

/** The same; a template without placeholders gives its text. */
export function compileText(
  template: string,
  parameterNames: readonly ParameterName[],
  formats?: KeyFormats,
): KeyFromCall | string {
  const parsed = parseKeyTemplate(template);
  const compiled = buildKeyTemplate(parsed, resolvePlaceholders(parsed, parameterNames), formats);
  return parsed.placeholders.length === 0 ? compiled(undefined, []) : compiled;
}

/** A key of what has been compiled. */
export function toKey(text: KeyFromCall | string): KeyFromCall {
  return typeof text === "string" ? () => text : text;
}

/** Finds the argument each placeholder stands for. @throws CacheError `invalid_key_template` for an unknown name */
export function resolvePlaceholders(parsed: ParsedKeyTemplate, names: readonly ParameterName[]): ResolvedPlaceholder[] {
  return parsed.placeholders.map(({ text, root, path, format }) => {
    if (root.kind === "this") return { text, path, format, index: -1 };
    if (root.kind === "index") return { text, path, format, index: root.index };
    const index = names.indexOf(root.name);
    if (index < 0) throw unknownName(parsed, root.name, names);
    return { text, path, format, index };
  });
}

function unknownName({ template }: ParsedKeyTemplate, name: string, names: readonly ParameterName[]): CacheError {
  const rest = names.indexOf(`...${name}`);
  if (rest >= 0) return templateError(template, `must reach into a rest parameter by index ({${rest}}), got {${name}}`);
  const known = names.map((each) => each ?? "(unnamed)").join(", ");
  const rule = `must name known parameters (${known === "" ? "none are known; use an index such as {0}" : known})`;
  return templateError(template, `${rule}, got {${name}}`);
}

/**
 * The second half of {@link compileKeyTemplate}, for those who look at the placeholders in between.
 * @throws CacheError `invalid_key_template` for an unknown format, and when nothing delimits two placeholders
 */
export function buildKeyTemplate(
  parsed: ParsedKeyTemplate,
  placeholders: readonly ResolvedPlaceholder[],
  formats?: KeyFormats,
): KeyFromCall {
  const { literals, template } = parsed;
  const encode = textEncoder(delimiters(parsed));
  const parts = placeholders.map((placeholder): KeyFromCall => {
    const read = reader(template, placeholder);
    const format = formatOf(template, placeholder, formats);
    const { index, path } = placeholder;
    const isArgument = path.length === 0;
    return (self, args) => {
      const value = isArgument ? args[index] : read(self, args);
      if (format === PLAIN && isWhole(value)) return `${value}`;
      const text = format === PLAIN && typeof value === "string" ? value : format.text(value, `{${placeholder.text}}`);
      if (text === undefined) throw badArgument(template, placeholder, format, value);
      return encode(text);
    };
  });
  const [first, ...others] = parts;
  const [before, after, ...literalsAfter] = literals as [string, string, ...string[]];
  if (first === undefined) return () => before;
  if (others.length === 0) {
    const { index, path, format } = placeholders[0] as ResolvedPlaceholder;
    const isPlain = path.length === 0 && format === undefined;
    const ofNumber = recentKeys(before, after);
    // The usual template with the usual argument, in one step.
    return (self, args) => {
      const value = isPlain ? args[index] : undefined;
      if (isWhole(value)) return ofNumber(value);
      return before + (typeof value === "string" ? encode(value) : first(self, args)) + after;
    };
  }
  return (self, args) => {
    let key = before + first(self, args) + after;
    for (let i = 0; i < others.length; i++) {
      key += (others[i] as KeyFromCall)(self, args) + (literalsAfter[i] as string);
    }
    return key;
  };
}

/** Keys of numbers that are remembered for each template. */
const RECENT_KEYS = 1_024;

/**
 * Makes keys of whole numbers, and remembers some of them: one at hand spares making a text and finding its hash, which
 * is most of what a hit with a key of its own takes longer than one with a ready key.
 */
function recentKeys(before: string, after: string): (id: number) => string {
  const ids: number[] = [];
  const keys: string[] = [];
  return (id) => {
    const slot = id % RECENT_KEYS;
    if (ids[slot] === id) return keys[slot] as string;
    ids[slot] = id;
    return (keys[slot] = before + id + after);
  };
}

/** Whether a value is written in digits alone, which need no escaping and delimit nothing. */
function isWhole(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isSafeInteger(value);
}

function formatOf(template: string, { text, format }: ResolvedPlaceholder, formats: KeyFormats | undefined): KeyFormat {
  if (format === undefined) return PLAIN;
  if (formats !== undefined && Object.hasOwn(formats, format)) return formats[format] as KeyFormat;
  const rule =
    formats === undefined
      ? "must not name a format, which only freshtier/decorators knows: use its wrap(fn, options)"
      : `must name a known format (${Object.keys(formats).join(", ")})`;
  throw templateError(template, `${rule}, got {${text}}`);
}

/** One delimiter for each two neighbours. */
function delimiters({ template, literals, placeholders }: ParsedKeyTemplate): string[] {
  return literals.slice(1, -1).map((separator, i) => {
    const delimiter = delimiterOf(separator);
    if (delimiter !== undefined) return delimiter;
    const [left, right] = placeholders.slice(i, i + 2) as [Placeholder, Placeholder];
    const rule = `must delimit {${left.text}} and {${right.text}} by a character that is no letter, digit or %, such as ":"`;
    throw templateError(template, `${rule}, got ${separator === "" ? "nothing between them" : `"${separator}"`}`);
  });
}

function reader(
  template: string,
  placeholder: ResolvedPlaceholder,
): (self: unknown, args: readonly unknown[]) => unknown {
  const { index, path } = placeholder;
  if (path.length === 0) return (_self, args) => args[index];
  return (self, args) => {
    let value = index < 0 ? self : args[index];
    for (let depth = 0; depth < path.length; depth++) {
      if (value === null || value === undefined) throw missing(template, placeholder, depth, value);
      value = (value as Readonly<Record<string, unknown>>)[path[depth] as string];
    }
    return value;
  };
}

function missing(template: string, { text }: ResolvedPlaceholder, depth: number, value: unknown): CacheError {
  const owner = text
    .replace(/:.*/s, "")
    .split(".")
    .slice(0, depth + 1)
    .join(".");
  return argumentError(template, `must find an object at ${owner} for {${text}}, got ${String(value)}`);
}

function badArgument(
  template: string,
  { text, path, format }: ResolvedPlaceholder,
  { takes }: KeyFormat,
  value: unknown,
): CacheError {
  const rule = `must get ${takes} for {${text}}`;
  const found = describeArgument(value);
  const isObject = path.length === 0 && format === undefined && found.startsWith("an object");
  const hint = isObject ? `; try {${text}.property}` : "";
  return argumentError(template, `${rule}, got ${found}${hint}`);
}

function argumentError(template: string, problem: string): CacheError {
  return new CacheError("invalid_key_argument", `key template ${JSON.stringify(template)} ${problem}`);
}
