// The part of Babel that is used here; the package has no types of its own.

declare module "@babel/core" {
  export function transformSync(
    source: string,
    options: Readonly<Record<string, unknown>>,
  ): { readonly code?: string | null } | null;
}
