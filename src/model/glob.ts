// Glob patterns as Redis reads them: `*`, `?`, `[abc]`, `[a-z]`, `[^a]` and `\` before a literal character.

type Token =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/**
 * A predicate for the pattern, over whole strings, by code unit. It runs in time proportional to pattern times text:
 * unlike a translated regular expression it cannot be made to backtrack exponentially by a hostile pattern.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const tokens = tokenize(pattern);
  return (text) => matches(tokens, text);
}

/** What every match begins with. */
export function literalPrefix(pattern: string): string {
  let prefix = "";
  for (const token of tokenize(pattern)) {
    if (token.kind !== "char") break;
    prefix += token.char;
  }
  // Half a character is none.
  return prefix.isWellFormed() ? prefix : prefix.slice(0, -1);
}

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at] as string;
    if (char === "[") {
      const [token, next] = readSet(pattern, at + 1);
      tokens.push(token);
      at = next;
      continue;
    }
    if (char === "*") tokens.push({ kind: "any" });
    else if (char === "?") tokens.push({ kind: "one" });
    else if (char === "\\" && at + 1 < pattern.length) tokens.push({ kind: "char", char: pattern[++at] as string });
    else tokens.push({ kind: "char", char });
    at++;
  }
  return tokens;
}

/** Reads what follows `[`. Like Redis, a set that is never closed ends with the pattern. */
function readSet(pattern: string, from: number): [Token, number] {
  const negated = pattern[from] === "^";
  const ranges: [string, string][] = [];
  let at = negated ? from + 1 : from;
  const readChar = (): string => {
    if (pattern[at] === "\\" && at + 1 < pattern.length) at++;
    return pattern[at++] as string;
  };
  while (at < pattern.length && pattern[at] !== "]") {
    const first = readChar();
    const isRange = pattern[at] === "-" && at + 1 < pattern.length && pattern[at + 1] !== "]";
    if (isRange) at++;
    const last = isRange ? readChar() : first;
    ranges.push(first <= last ? [first, last] : [last, first]);
  }
  return [{ kind: "set", negated, ranges }, at + 1];
}

/** Two cursors and one remembered star: on a mismatch only the last star takes one more character. */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = tokens[token];
    if (current?.kind === "any") {
      starToken = token++;
      starAt = at;
    } else if (current !== undefined && accepts(current, text[at] as string)) {
      token++;
      at++;
    } else if (starToken >= 0) {
      token = starToken + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "any") token++;
  return token === tokens.length;
}

function accepts(token: Exclude<Token, { kind: "any" }> | Token, char: string): boolean {
  if (token.kind === "char") return token.char === char;
  if (token.kind !== "set") return true;
  return token.ranges.some(([first, last]) => first <= char && char <= last) !== token.negated;
}
