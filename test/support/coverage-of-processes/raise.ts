// Adds counts of one build of a source to those of another: each has places of its own for the same statement.

/** A place in a source. An `else` that is not there has none. */
interface Place {
  readonly start: { readonly line: number | undefined; readonly column: number | undefined };
}

/** What Istanbul knows of a file, as far as it is needed here. */
export interface FileCounts {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, Place>>;
  readonly s: Record<string, number>;
  readonly fnMap: Readonly<Record<string, { readonly decl: Place; readonly loc: Place }>>;
  readonly f: Record<string, number>;
  readonly branchMap: Readonly<
    Record<string, { readonly type: string; readonly loc: Place; readonly locations: readonly Place[] }>
  >;
  readonly b: Record<string, number[]>;
}

/**
 * Raises counts by those of the same thing in another build. The same are two that begin at the same characters, of
 * which there must be no more than one in either: ends differ, as builds keep different brackets and semicolons. What is
 * not found in both is left as it is: a count may come out too low by that, never too high.
 */
export function raise(counts: FileCounts, other: FileCounts): void {
  for (const [id, twin] of twins(counts.statementMap, other.statementMap, at)) counts.s[id]! += other.s[twin]!;
  const functionAt = ({ decl, loc }: FileCounts["fnMap"][string]): string => `${at(decl)} ${at(loc)}`;
  for (const [id, twin] of twins(counts.fnMap, other.fnMap, functionAt)) counts.f[id]! += other.f[twin]!;
  const branchAt = ({ type, loc, locations }: FileCounts["branchMap"][string]): string =>
    [type, at(loc), ...locations.map(at)].join(" ");
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
