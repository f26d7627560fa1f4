// Items of Structured Fields as text (RFC 9651 §4.1).

const SF_TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/;
const NOT_ASCII = /[^\x20-\x7e]/gu;

/** A Token where a text can be one, else a String. */
export function tokenOrString(value: string): string {
  return SF_TOKEN.test(value) ? value : sfString(value);
}

/** A String. What it cannot hold, which is anything but printable ASCII, is percent-encoded. */
export function sfString(value: string): string {
  const ascii = value.toWellFormed().replaceAll(NOT_ASCII, (character) => encodeURIComponent(character));
  return `"${ascii.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
