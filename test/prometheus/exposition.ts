// Reads Prometheus' text format, as far as the tests need it.

/** A line of a scrape. */
export interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Every sample of a text. */
export function parseText(text: string): Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, of]) => [label, of] as const);
      return {
        name,
        labels: Object.fromEntries(pairs) as Line["labels"],
        value: Number(value.replace("+Inf", "Infinity")),
      };
    });
}

/** The value of one series; `undefined` where there is none. */
export function valueOf(text: string, name: string, labels: Line["labels"] = {}): number | undefined {
  const isMeant = (line: Line): boolean =>
    line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value);
  return parseText(text).find(isMeant)?.value;
}
