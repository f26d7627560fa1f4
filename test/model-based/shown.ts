// Values and errors as text, so that outcomes compare and print.

/** A value as text; `null` and `undefined` differ, in arrays too. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  return typeof value === "string" ? value : String(value);
}
