// Adds counts of one build of a source to those of another: each has places of its own for the same statement.

/** A place in a source. */
interface Place {
  readonly start: { readonly line: number; readonly column: number };
}

/** What Istanbul knows of a file, as far as it is needed here. */
export interface FileCounts {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, Place>>;
  readonly s: Record<string, number>;
  /** `loc` is the body. */
  readonly fnMap: Readonly<Record<string, { readonly loc: Place }>>;
  readonly f: Record<string, number>;
  readonly branchMap: Readonly<
    Record<string, { readonly type: string; readonly loc: Place; readonly locations: readonly unknown[] }>
  >;
  readonly b: Record<string, number[]>;
}

/**
 * Raises counts by those of the same thing in another build. The same are two of one kind that begin at the same
 * character, of which there must be no more than one in either; of a function its body counts, of a branch also how many
 * arms it has. (Ends differ, as do beginnings of arms and of arrow functions: builds keep other brackets, and their maps
 * name other tokens.) What is not found in both is left as it is, so a count may come out too low, never too high.
 */
export function raise(counts: FileCounts, other: FileCounts): void {
  for (const [id, twin] of twins(counts.statementMap, other.statementMap, at)) counts.s[id]! += other.s[twin]!;
  for (const [id, twin] of twins(counts.fnMap, other.fnMap, ({ loc }) => at(loc))) counts.f[id]! += other.f[twin]!;
  const branchAt = ({ type, loc, locations }: FileCounts["branchMap"][string]): string =>
    `${type} ${at(loc)} ${locations.length}`;
  for (const [id, twin] of twins(counts.branchMap, other.branchMap, branchAt)) {
    for (const [arm, count] of other.b[twin]!.entries()) counts.b[id]![arm]! += count;
  }
}

function at({ start: { line, column } }: Place): string {
  return `${line}:${column}`;
}

/** Pairs of ids with the same key, which nothing else has. */
function twins<T>(
  ones: Readonly<Record<string, T>>,
  others: Readonly<Record<string, T>>,
  keyOf: (one: T) => string,
): [string, string][] {
  const ids = unique(ones, keyOf);
  return [...unique(others, keyOf)].flatMap(([key, other]) => {
    const id = ids.get(key);
    return id === undefined ? [] : [[id, other] as [string, string]];
  });
}

function unique<T>(things: Readonly<Record<string, T>>, keyOf: (one: T) => string): Map<string, string> {
  const ids = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const [id, thing] of Object.entries(things)) {
    const key = keyOf(thing);
    if (ids.has(key)) ambiguous.add(key);
    ids.set(key, id);
  }
  for (const key of ambiguous) ids.delete(key);
  return ids;
}
