// Steps over JavaScript source, token by token, as far as finding the end of a parameter needs it.

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** What can stand before a `/` that begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP =
  /(?:^|[=(,[{:?!&|;+\-*%<>~^/]|\b(?:return|typeof|void|delete|in|of|instanceof|new|await|yield|case))\s*$/;

/**
 * Index behind the token at `at`: a comment, string, template, regular expression or bracketed group as a whole, one
 * character of anything else. The source comes from a function that runs, so its tokens are complete.
 */
export function skipToken(source: string, at: number): number {
  const char = source[at] as string;
  if (char === '"' || char === "'") return skipQuoted(source, at, char);
  if (char === "`") return skipTemplate(source, at);
  if (char in CLOSING) return skipGroup(source, at);
  if (char !== "/") return at + 1;
  const behindComment = skipComment(source, at);
  if (behindComment !== at) return behindComment;
  return BEFORE_REGEXP.test(source.slice(0, at)) ? skipRegExp(source, at) : at + 1;
}

/** Index of the first character at or behind `at` that is neither white space nor comment. */
export function skipSpace(source: string, at: number): number {
  let next = at;
  while (next < source.length) {
    const end = /\s/.test(source[next] as string) ? next + 1 : skipComment(source, next);
    if (end === next) break;
    next = end;
  }
  return next;
}

function skipComment(source: string, at: number): number {
  if (source.startsWith("//", at)) return behind(source, "\n", at);
  if (source.startsWith("/*", at)) return behind(source, "*/", at + 2);
  return at;
}

function behind(source: string, end: string, from: number): number {
  const found = source.indexOf(end, from);
  return found < 0 ? source.length : found + end.length;
}

function skipQuoted(source: string, at: number, quote: string): number {
  let next = at + 1;
  while (next < source.length && source[next] !== quote) next += source[next] === "\\" ? 2 : 1;
  return next + 1;
}

function skipTemplate(source: string, at: number): number {
  let next = at + 1;
  while (next < source.length && source[next] !== "`") {
    if (source.startsWith("${", next)) next = skipGroup(source, next + 1);
    else next += source[next] === "\\" ? 2 : 1;
  }
  return next + 1;
}

/** In a class of characters (`[/]`) a slash does not end the expression. */
function skipRegExp(source: string, at: number): number {
  let next = at + 1;
  let inClass = false;
  while (next < source.length && (inClass || source[next] !== "/")) {
    const char = source[next] as string;
    if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    next += char === "\\" ? 2 : 1;
  }
  return next + 1;
}

function skipGroup(source: string, at: number): number {
  const closing = CLOSING[source[at] as string];
  let next = at + 1;
  while (next < source.length && source[next] !== closing) next = skipToken(source, next);
  return next + 1;
}
