// The grammar that fields share: tokens, quoted strings, lists (RFC 9110 §5.6).

/** Reads a text from a place in it. The regular expressions used with it are sticky. */
export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isDone(): boolean {
    return this.at >= this.text.length;
  }

  /** The character here; empty at the end. */
  get next(): string {
    return this.text.charAt(this.at);
  }

  /** What `pattern` matches here, behind which the scanner then stands; `undefined` when it does not. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match[0];
  }

  /** Whether `text` stands here; if so, the scanner stands behind it. */
  skip(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }
}

export const TOKEN: RegExp = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** Optional white space. */
export const OWS: RegExp = /[ \t]*/y;
/** Obsolete text above ASCII is allowed in it; control characters are not. */
export const QUOTED: RegExp = /"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"/y;
/** What stands up to a comma that no quoted string holds; one that does not end goes on to the end of the line. */
const MEMBER = /(?:[^",]|"(?:[^"\\]|\\.?)*(?:"|$))*/sy;
/** The same up to a semicolon. */
const PARAMETER = /(?:[^";]|"(?:[^"\\]|\\.?)*(?:"|$))*/sy;
const WHOLE_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a text is a token, and nothing else. */
export function isToken(text: string): boolean {
  return WHOLE_TOKEN.test(text);
}

/** What a quoted string says, without its quotes and backslashes. */
export function unquote(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}

/** The members of a list on one line or more, in their order, without empty ones (RFC 9110 §5.6.1). */
export function listMembers(lines: readonly string[]): string[] {
  return lines.flatMap((line) => membersOf(line)).filter((member) => member !== "");
}

function membersOf(line: string): string[] {
  return splitBy(line, MEMBER, ",");
}

/** What stands between semicolons, outside of quotes, as a name and its parameters do (RFC 9110 §5.6.6). */
export function parametersOf(member: string): string[] {
  return splitBy(member, PARAMETER, ";");
}

/** Parts without white space around them, empty ones among them. */
function splitBy(text: string, part: RegExp, separator: string): string[] {
  const parts: string[] = [];
  const scanner = new Scanner(text);
  do {
    parts.push((scanner.take(part) ?? "").trim());
  } while (scanner.skip(separator));
  return parts;
}

/** Takes what is left of a list's member, up to its comma or the end. */
export function takeMember(scanner: Scanner): string {
  return scanner.take(MEMBER) ?? "";
}

/** A list of field names in lower case, each once; `undefined` when a member is none. */
export function fieldNames(lines: readonly string[]): string[] | undefined {
  const members = listMembers(lines);
  return members.every(isToken) ? [...new Set(members.map((name) => name.toLowerCase()))] : undefined;
}
